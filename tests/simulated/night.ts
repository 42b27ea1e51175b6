/**
 * A night of the simulated swarm: all presets in turn, world after world, each explored to its end. What is broken is
 * said with the words that bring it back.
 */
import { survivorsToText } from "../../harness/disk/survivors/survivors.ts";
import { tokenText } from "../../harness/simulated/token.ts";
import { exploreSwarm, swarmScenario } from "./explored.ts";

export interface NightOrder {
  readonly seed: string;
  /** Crash states. */
  readonly wanted: number;
  /** Of performance.now(). */
  readonly untilMs: number;
  say(line: string): void;
}

export interface NightReport {
  readonly judged: number;
  /** Of those; the store was started on all others. */
  readonly judgedByIndex: number;
  readonly broken: number;
  readonly memoryMbMax: number;
}

const sayEveryMs = 30_000;

export async function night({ seed, wanted, untilMs, say }: NightOrder): Promise<NightReport> {
  const startedMs = performance.now();
  let saidMs = startedMs;
  let judged = 0;
  let judgedByIndex = 0;
  let broken = 0;
  let memoryMbMax = 0;
  for (let cycle = 1; ; cycle++) {
    for (const preset of swarmScenario.presets) {
      if (judged >= wanted || performance.now() > untilMs) return { judged, judgedByIndex, broken, memoryMbMax };
      const explored = await exploreSwarm(seed, preset, cycle);
      judged += explored.judged;
      judgedByIndex += explored.judgedByIndex;
      broken += explored.broken.length;
      memoryMbMax = Math.max(memoryMbMax, process.memoryUsage().rss >> 20);
      const [first] = explored.broken;
      if (first !== undefined) {
        const { state, judgement } = first;
        const { scenario, scenarioDigest } = explored.plan;
        const model = state.models[0]?.name ?? "";
        const survivors = survivorsToText(state.survivors);
        const pointIndex = state.point.index;
        const token = tokenText({
          scenario,
          preset,
          scenarioDigest,
          seed,
          cycle,
          crashes: [{ pointIndex, model, survivors }],
        });
        const what = judgement.findings.map(({ kind, message }) => `${kind}: ${message}`).join("; ") || judgement.why;
        say(`${preset}, cycle ${cycle}, ${explored.broken.length} states: ${what}`);
        say(`  lossbound replay ${token ?? `(too long: point ${pointIndex}, ${model}, ${survivors})`}`);
      }
      if (performance.now() - saidMs > sayEveryMs) {
        saidMs = performance.now();
        const perSecond = Math.round((judged * 1_000) / (saidMs - startedMs));
        say(`${judged.toLocaleString("en")} states, ${perSecond}/s, ${memoryMbMax} MB, cycle ${cycle}`);
      }
    }
  }
}
