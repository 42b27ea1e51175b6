/** Replays a token: plans, records and recovers again what it names, and judges that one crash state. */
import type { Preset } from "../../scenarios/preset.ts";
import type { Scenario } from "../../scenarios/scenario.ts";
import { crashPointAt } from "../disk/crash-points.ts";
import { crashStateAt } from "../disk/crash-states.ts";
import { diskModelNamed } from "../disk/disk-models.ts";
import { survivorsFromText } from "../disk/survivors/survivors.ts";
import { Timeline } from "../disk/timeline.ts";
import { FactsAtPoints } from "../explore/crash-facts.ts";
import { Stretches } from "../explore/stretches.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import { judge } from "../oracle/judge.ts";
import type { Judgement } from "../oracle/judgement.ts";
import { digestOf, makePlan } from "../plan.ts";
import { savePointsOf } from "../targets/config-file.ts";
import { simulatedIdentity } from "../targets/simulated.ts";
import { SimulatedWorld } from "./simulated-world.ts";
import { BadToken, type Token } from "./token.ts";

export interface TokenReplay {
  readonly recordingDigest: string;
  readonly recovery: RecoveryFacts;
  readonly judgement: Judgement;
  readonly crashPoint: { readonly operation: string; readonly path: string; readonly atMs: number };
}

/** @throws BadToken when the scenario is not what it was when the token was made. */
export async function replayToken(
  token: Token,
  scenario: Scenario,
  preset: Preset,
  world = new SimulatedWorld(),
): Promise<TokenReplay> {
  if (digestOf(scenario, preset) !== token.scenarioDigest) {
    throw new BadToken(
      `the token is of another ${token.scenario} with ${token.preset}: scenario or preset changed since it was made`,
    );
  }
  const { redisVersion, unknownCommands } = simulatedIdentity;
  const words = { redisVersion, withoutCommands: unknownCommands };
  const plan = makePlan({ scenario, preset, seed: token.seed, cycle: token.cycle, words });
  const { recording } = await world.record(plan);
  const { history, initial, journal, endNs, digest } = recording;
  if (token.pointIndex > journal.records.length) {
    throw new BadToken(
      `the token names crash point ${token.pointIndex}, and the recording has ${journal.records.length}`,
    );
  }
  const timeline = new Timeline(journal);
  const point = crashPointAt(journal, token.pointIndex, endNs);
  const state = crashStateAt(timeline, point, survivorsOf(token), modelOf(token));
  const recoverer = await world.recoverer(plan.config);
  const recovery = await recoverer.recover(state.image(), 2);
  await recoverer.close();
  const place = new Stretches(timeline).placeAt(point);
  const judgement = judge(
    {
      history,
      ...(initial !== undefined && { initial }),
      cut: point.interval,
      crash: new FactsAtPoints(recording, plan.config).at(point, place),
      promise: { row: preset.promise.row, store: simulatedIdentity, savePoints: savePointsOf(plan.config) },
      recovery,
    },
    { documentedCounts: scenario.expect.documented },
  );
  const { last } = point;
  return {
    recordingDigest: digest,
    recovery,
    judgement,
    crashPoint: {
      operation: `power cut (${token.model}) after ${last?.kind ?? "nothing"}`,
      path: (last !== undefined && "path" in last && last.path) || "",
      atMs: point.interval.startNs / 1e6,
    },
  };
}

function survivorsOf({ survivors }: Token) {
  try {
    return survivorsFromText(survivors);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadToken(error.message);
  }
}

function modelOf({ model }: Token) {
  try {
    return diskModelNamed(model);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BadToken(error.message);
  }
}
