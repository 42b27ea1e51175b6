/**
 * Replays a token: plans, records and recovers again what it names, crash after crash, and judges the last one.
 *
 *     plan ─▶ record link 0 ─▶ the crash that is named ─▶ record link 1 on what it left ─▶ … ─▶ recover ─▶ judge
 */
import type { Preset } from "../../scenarios/preset.ts";
import type { Scenario } from "../../scenarios/scenario.ts";
import { crashPointAt } from "../disk/crash-points.ts";
import { type CrashState, crashStateAt } from "../disk/crash-states.ts";
import { diskModelNamed } from "../disk/disk-models.ts";
import { survivorsFromText } from "../disk/survivors/survivors.ts";
import { Timeline } from "../disk/timeline.ts";
import { FactsAtPoints } from "../explore/crash-facts.ts";
import type { Explorable, LaterLink } from "../explore/explorable.ts";
import { evidenceOf } from "../explore/exploration.ts";
import { withoutWhatKillsTook } from "../explore/killed-calls.ts";
import { Stretches } from "../explore/stretches.ts";
import type { Evidence } from "../oracle/evidence.ts";
import { judge } from "../oracle/judge.ts";
import type { Judgement } from "../oracle/judgement.ts";
import { digestOf, makePlan, type Plan } from "../plan.ts";
import { promiseOf } from "../preparation.ts";
import type { Recording } from "../recording/recording.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
import { rotting } from "./rot-recoverer.ts";
import { SimulatedWorld } from "./simulated-world.ts";
import { BadToken, type CrashName, type Token } from "./token.ts";

export interface TokenReplay {
  readonly plan: Plan;
  /** Of the last link: where the crash is that was judged. */
  readonly recording: Recording;
  readonly recordingDigest: string;
  readonly state: CrashState;
  readonly evidence: Evidence;
  readonly judgement: Judgement;
  readonly crashPoint: { readonly operation: string; readonly path: string; readonly atMs: number };
}

/** @throws BadToken when the scenario is not what it was when the token was made. */
export async function replayToken(
  token: Token,
  scenario: Scenario,
  preset: Preset,
  world: Explorable = new SimulatedWorld(),
): Promise<TokenReplay> {
  if (digestOf(scenario, preset) !== token.scenarioDigest) {
    throw new BadToken(
      `the token is of another ${token.scenario} with ${token.preset}: scenario or preset changed since it was made`,
    );
  }
  const { redisVersion, unknownCommands } = simulatedIdentity;
  const words = { redisVersion, withoutCommands: unknownCommands };
  const chained = { ...scenario, chain: token.crashes.length };
  const plan = makePlan({ scenario: chained, preset, seed: token.seed, cycle: token.cycle, words });
  const promise = promiseOf(preset.promise.row, simulatedIdentity, plan.config);
  const { recording: made, crash, state } = await crashAfterCrash(plan, token, world);
  const recording = withoutWhatKillsTook(made, promise);
  const recoverer = rotting(await world.recoverer(plan.config, 1), plan);
  const recovery = await recoverer.recover(state.image(), 2);
  await recoverer.close();
  const { digest } = recording;
  const { point } = state;
  const place = new Stretches(new Timeline(recording.journal)).placeAt(point);
  const facts = new FactsAtPoints(recording, plan.config).at(point, place);
  const evidence = evidenceOf(recording, promise, state, facts, recovery);
  const { last } = point;
  return {
    plan,
    recording,
    recordingDigest: digest,
    state,
    evidence,
    judgement: judge(evidence, { documentedCounts: scenario.expect.documented }),
    crashPoint: {
      operation: `power cut (${crash.model}) after ${last?.kind ?? "nothing"}`,
      path: (last !== undefined && "path" in last && last.path) || "",
      atMs: point.interval.startNs / 1e6,
    },
  };
}

async function crashAfterCrash(plan: Plan, { crashes }: Token, world: Explorable) {
  let later: LaterLink | undefined;
  for (const [link, crash] of crashes.entries()) {
    const { recording } = await world.record(plan, later);
    const state = stateNamed(crash, recording);
    if (link === crashes.length - 1) return { recording, crash, state };
    later = { link: link + 1, image: state.image() };
  }
  throw new BadToken("the token names no crash");
}

function stateNamed(crash: CrashName, { journal, endNs }: Recording): CrashState {
  if (crash.pointIndex > journal.records.length) {
    throw new BadToken(
      `the token names crash point ${crash.pointIndex}, and the recording has ${journal.records.length}`,
    );
  }
  const point = crashPointAt(journal, crash.pointIndex, endNs);
  return crashStateAt(new Timeline(journal), point, survivorsOf(crash), modelOf(crash));
}

function survivorsOf({ survivors }: CrashName) {
  try {
    return survivorsFromText(survivors);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadToken(error.message);
  }
}

function modelOf({ model }: CrashName) {
  try {
    return diskModelNamed(model);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadToken(error.message);
  }
}
