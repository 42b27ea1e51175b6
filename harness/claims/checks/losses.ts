/** What is lost, killed and powered off: C11 to C14, C20, C23. Explored in the simulated world, at every crash point. */

import type { Preset } from "../../../scenarios/preset.ts";
import { scenarioSchema } from "../../../scenarios/scenario.ts";
import type { Delays } from "../../disk/delays.ts";
import { diskModelNamed } from "../../disk/disk-models.ts";
import { exploreRecording } from "../../explore/exploration.ts";
import { makePlan } from "../../plan.ts";
import { plantedBug } from "../../planted/planted.ts";
import { promiseOf } from "../../preparation.ts";
import { randomFrom } from "../../random.ts";
import { makeStateIndex } from "../../recover/index.ts";
import { SimulatedWorld } from "../../simulated/simulated-world.ts";
import { type Exchanged, simulatedIdentity } from "../../targets/simulated.ts";
import { type ClaimCheck, type ClaimTask, trueIf } from "../claim-check.ts";
import { SimStore } from "../sim-store.ts";

interface Loss {
  readonly judged: number;
  readonly ackedMax: number;
  readonly ageMsMax: number;
  readonly violations: number;
  /** Of the last one. */
  readonly finding: string;
}

interface LossOrder {
  readonly preset: Preset;
  readonly models: readonly string[];
  readonly syncs: Delays;
  readonly rewrites?: number;
  readonly swarm?: boolean;
  readonly recordings: number;
  /** Of a planted bug. */
  readonly exchanged?: Exchanged;
}

const quickDisk: Delays = { kind: "lognormal", medianMs: 4, sigma: 0.6, msMax: 60 };
const slowDisk: Delays = { kind: "fixed", ms: 1_500 };
const mustSurvive = ["ordered", "prefix", "torn"];

async function explored(order: LossOrder, signal: AbortSignal): Promise<Loss> {
  const { preset, models, syncs, rewrites = 0, swarm = false, recordings, exchanged = {} } = order;
  const scenario = scenarioSchema.parse({
    ...{ name: "claims/loss", why: "measured for a claim", presets: [preset.name], budget: { runs: recordings } },
    workload: { calls: 90, clients: 3 },
    fault: { kind: "power-cut", lastsMs: 4_500, rewrites, ...(swarm ? { swarm } : { syncs }) },
  });
  const { redisVersion, unknownCommands } = simulatedIdentity;
  const words = { redisVersion, withoutCommands: unknownCommands };
  const world = new SimulatedWorld(exchanged);
  const sum = { judged: 0, ackedMax: 0, ageMsMax: 0, violations: 0, finding: "" };
  for (let cycle = 1; cycle <= recordings; cycle++) {
    const plan = makePlan({ scenario, preset, seed: "claims", cycle, words });
    const { recording } = await world.record(plan);
    const recoverer = await world.recoverer(plan.config);
    const promise = promiseOf(preset.promise.row, simulatedIdentity, plan.config);
    const { config } = plan;
    const asked = {
      recording,
      config,
      promise,
      recoverer,
      models: models.map(diskModelNamed),
      store: simulatedIdentity,
    };
    const limits = {
      makeIndex: makeStateIndex,
      sampleMax: 20,
      setsMax: 3,
      jobs: 1,
      deadlineMs: Number.POSITIVE_INFINITY,
      signal,
    };
    const random = randomFrom(`claims ${cycle}`);
    await exploreRecording(
      { ...asked, ...limits, random, documentedCounts: false, failsUpTo: "realistic" },
      ({ judgement: { verdict, loss, findings } }) => {
        sum.judged++;
        if (verdict === "violated") {
          sum.violations++;
          sum.finding = findings[0]?.kind ?? "";
        }
        sum.ackedMax = Math.max(sum.ackedMax, loss?.acked ?? 0);
        sum.ageMsMax = Math.max(sum.ageMsMax, loss?.ageMs ?? 0);
      },
    );
  }
  return sum;
}

const aged = ({ ackedMax, ageMsMax }: Loss) =>
  ackedMax === 0 ? "nothing lost" : `${ackedMax} acked calls, ${(ageMsMax / 1_000).toFixed(2)} s`;

export const threeLosses: ClaimCheck = {
  name: "three-losses",
  on: "simulated",
  async measure({ told, preset, signal }) {
    const of = preset(told.text("preset"));
    const common = { preset: of, recordings: 1 };
    const killed = await explored({ ...common, models: ["process-crash"], syncs: quickDisk }, signal);
    const powerLost = await explored({ ...common, models: mustSurvive, syncs: quickDisk }, signal);
    const slow = await explored({ ...common, models: mustSurvive, syncs: slowDisk }, signal);
    const within = [killed, powerLost, slow].filter(({ ageMsMax }) => ageMsMax <= 1_000).length;
    const figure = `killed: ${aged(killed)}; power lost: ${aged(powerLost)}; with syncs of 1.5 s: ${aged(slow)}`;
    if (within === 3) return { verdict: "true", figure };
    return { verdict: within === 0 ? "false" : "depends", figure };
  },
};

export const alwaysLoss: ClaimCheck = {
  name: "always-loss",
  on: "simulated",
  async measure({ told, preset, signal }) {
    const always = preset("always");
    const safe = await explored(
      { preset: always, models: mustSurvive, syncs: quickDisk, rewrites: 1, recordings: 2 },
      signal,
    );
    const skipping: Preset = {
      ...always,
      directives: [
        ...always.directives,
        ["no-appendfsync-on-rewrite", told.flag("skips") ? "yes" : "no"],
        ["rdb-key-save-delay", "5000"],
      ],
      promise: { ...always.promise, row: "everysec-no-fsync-on-rewrite" },
    };
    const skipped = await explored(
      { preset: skipping, models: mustSurvive, syncs: quickDisk, rewrites: 2, recordings: 3 },
      signal,
    );
    const skips = `no-appendfsync-on-rewrite ${told.flag("skips") ? "yes" : "no"}`;
    const figure = `${aged(safe)} in ${safe.judged} power cuts; with ${skips}: ${aged(skipped)}`;
    if (safe.ackedMax > 0) return { verdict: "false", figure };
    return { verdict: skipped.ackedMax === 0 ? "true" : "depends", figure };
  },
};

export const powerLoss: ClaimCheck = {
  name: "power-loss",
  on: "simulated",
  async measure({ told, preset, signal }) {
    const of = preset(told.text("preset"));
    const loss = await explored({ preset: of, models: mustSurvive, syncs: quickDisk, recordings: 2 }, signal);
    return trueIf(loss.ackedMax === 0, `${of.name}, power lost at ${loss.judged} moments: at worst ${aged(loss)}`);
  },
};

export const rewriteDies: ClaimCheck = {
  name: "rewrite-dies",
  on: "simulated",
  async measure({ told, preset, signal }: ClaimTask) {
    const bug = told.has("planted") ? plantedBug(told.text("planted")) : undefined;
    const of = preset(told.text("preset"));
    const common = {
      preset: of,
      models: ["process-crash", ...mustSurvive],
      syncs: quickDisk,
      ...(bug && { exchanged: bug }),
    };
    const asked = await explored({ ...common, rewrites: 3, recordings: 2 }, signal);
    // A swarm kills the child, and breaks its file.
    const broken = await explored(
      { ...common, swarm: true, rewrites: 2, recordings: bug === undefined ? 3 : 1 },
      signal,
    );
    const judged = asked.judged + broken.judged;
    const violations = asked.violations + broken.violations;
    const finding = asked.finding || broken.finding;
    const what = violations === 0 ? "every one recovered" : `${violations} broken (${finding})`;
    return trueIf(violations === 0, `${judged} crash states of rewrites that end, fail and die: ${what}`);
  },
};

export const logSyncs: ClaimCheck = {
  name: "log-syncs",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      const begin = store.journal.records.length;
      for (let second = 0; second < told.number("seconds"); second++) {
        await store.send("SET", "key", `${second}`);
        await store.passSeconds(1);
      }
      const syncs = store.journal.records
        .slice(begin)
        .filter((record) => record.kind === "sync-start" && /\.incr\.aof$/.test(record.path ?? "")).length;
      return trueIf(syncs === 0, `${syncs} syncs of the log in ${told.number("seconds")} s of writes`);
    }),
};

/** Killed at the worst moment: when a snapshot is nearly there. And again after saves that failed. */
export const snapshotLoss: ClaimCheck = {
  name: "snapshot-loss",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during([...directives, ["rdb-key-save-delay", `${told.number("slowKeyUs")}`]], async (store) => {
      const slow = told.number("slowKeyUs") > 0;
      // As many keys as make a slow snapshot last, each renewed every minute.
      const keys = slow ? 200 : 2;
      for (let minute = 0; minute < 15; minute++) {
        await store.sendAll(Array.from({ length: keys }, (_, index) => ["SET", `key ${index}`, `${minute}`]));
        await store.passSeconds(60);
      }
      while (store.snapshotsBegunS.length === 0) await store.passSeconds(1);
      const begunS = store.snapshotsBegunS[0] as number;
      if (slow) await store.passSeconds(9);
      const complete = namesHave(await store.files());
      const lostS = complete ? store.nowS - begunS : store.nowS;
      let figure = `killed ${Math.round(lostS)} s after the start, ${complete ? "a" : "no"} snapshot complete`;
      const worstS = complete ? 900 : lostS;
      if (told.flag("fails")) {
        while ((await store.info("rdb_bgsave_in_progress")) === "1") await store.passSeconds(1);
        store.arm({ kind: "error", name: "full", when: { on: ["write"], path: "temp-*.rdb" }, code: "ENOSPC" });
        const sinceS = store.snapshotsBegunS.at(-1) as number;
        await store.sendAll([["SET", "key 0", "again"]]);
        await store.passSeconds(3_600);
        const failedFor = Math.round(store.nowS - sinceS);
        figure += `; saves fail for an hour: ${failedFor} s, and no end`;
      }
      return { verdict: worstS <= 901 && !told.flag("fails") ? "true" : "depends", figure };
    }),
};

function namesHave(image: ReadonlyMap<string, unknown>): boolean {
  return image.has("dump.rdb");
}
