/** What needs real speed, or the store that the claim is about: C10, C19, C26, C28, C29. Real processes, real files. */
import { rmSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import type { Reply, Request } from "../../recording/history.ts";
import { RunFolder } from "../../run-folder.ts";
import { sweep } from "../../sweep.ts";
import { type Config, type Instance, RefusedToStart, type RespClient } from "../../targets/target.ts";
import { openTarget } from "../../targets/targets.ts";
import { CannotMeasure, type ClaimCheck, type ClaimTask, trueIf } from "../claim-check.ts";

interface Living {
  readonly instance: Instance;
  readonly client: RespClient;
  /** Its data folder. */
  readonly dir: string;
  again(config: Config): Promise<Living>;
}

/** A store that serves, on a folder of its own, for as long as the story takes. */
async function during<T>(
  { target: name }: ClaimTask,
  config: Config,
  story: (living: Living) => Promise<T>,
): Promise<T> {
  await sweep();
  const run = new RunFolder();
  const target = await openTarget(name, run);
  const volume = run.newVolume();
  const started: Instance[] = [];
  const begin = async (directives: Config): Promise<Living> => {
    const instance = await target.start(volume, directives);
    started.push(instance);
    return { instance, client: await instance.connect(), dir: volume.dir, again: begin };
  };
  try {
    return await story(await begin(config));
  } finally {
    run.giveUp();
    for (const instance of started) await instance.dispose();
    await target.close();
    await run.dispose();
  }
}

const pipeline = 200;

async function sendAll(client: RespClient, requests: Iterable<Request>): Promise<void> {
  let waiting: Request[] = [];
  const flush = async () => {
    const replies = await Promise.all(client.together(() => waiting.map((request) => client.send(request))));
    const refused = replies.find(({ kind }) => kind === "error");
    if (refused?.kind === "error") throw new CannotMeasure(`the store refuses a write: ${refused.message}`);
    waiting = [];
  };
  for (const request of requests) {
    waiting.push(request);
    if (waiting.length === pipeline) await flush();
  }
  if (waiting.length > 0) await flush();
}

async function info(client: RespClient, field: string): Promise<number> {
  const reply: Reply = await client.send(["INFO", "everything"]);
  const text = reply.kind === "string" ? reply.value : "";
  return Number(new RegExp(`^${field}:(.*)$`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** Values of a kilobyte. @throws CannotMeasure when there is no room for twice as much */
async function populate(client: RespClient, megabytes: number): Promise<void> {
  const { bavail, bsize } = statfsSync(tmpdir());
  const needed = megabytes * 2.5 * 1_048_576;
  if (freemem() < needed) throw new CannotMeasure(`it needs ${Math.round(needed / 1e6)} MB of free memory`);
  if (bavail * bsize < needed) throw new CannotMeasure(`it needs ${Math.round(needed / 1e6)} MB of free disk`);
  if (megabytes === 0) return;
  const reply = await client.send(["DEBUG", "POPULATE", `${megabytes * 1_000}`, "filler", "1000"]);
  if (reply.kind === "error") throw new CannotMeasure(`the store cannot fill itself: ${reply.message}`);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** A store that stands still for longer has blocked, whatever it did. */
const blockedMs = 1_000;

export const bgsaveStall: ClaimCheck = {
  name: "bgsave-stall",
  on: "processes",
  measure: (task) =>
    during(task, withDebug(task.directives), async ({ client }) => {
      const megabytes = task.told.number("megabytes");
      await populate(client, megabytes);
      const begunMs = performance.now();
      await client.send(["BGSAVE"]);
      const answeredMs = performance.now() - begunMs;
      const forkMs = (await info(client, "latest_fork_usec")) / 1_000;
      const figure = `with ${megabytes} MB the fork took ${forkMs.toFixed(1)} ms, BGSAVE was answered after ${answeredMs.toFixed(1)} ms`;
      // The kernel's own account: it is not disturbed by what else this machine does.
      if (forkMs < task.told.number("noticeableMs")) return { verdict: "true", figure };
      return { verdict: forkMs > blockedMs ? "false" : "depends", figure };
    }),
};

export const loadTimes: ClaimCheck = {
  name: "load-times",
  on: "processes",
  async measure(task) {
    const { told } = task;
    const keys = told.number("keys");
    const once = await loadMs(task, keys, 0);
    const often = await loadMs(task, keys, told.number("overwrites"));
    const [onceTimes, oftenTimes] = [once.plain / once.hybrid, often.plain / often.hybrid];
    const least = told.number("leastTimes");
    const figure = `${keys} keys: ${onceTimes.toFixed(1)} times faster, each overwritten ${told.number("overwrites")} times: ${oftenTimes.toFixed(1)} times`;
    const right = [onceTimes, oftenTimes].filter((times) => times >= least).length;
    if (right === 2) return { verdict: "true", figure };
    return { verdict: "depends", figure };
  },
};

/** How long the same data takes to load, from a log as it was written and after a rewrite. */
async function loadMs(task: ClaimTask, keys: number, overwrites: number): Promise<{ plain: number; hybrid: number }> {
  const config: Config = [
    ["save", ""],
    ["appendonly", "yes"],
    ["appendfsync", "no"],
    ["auto-aof-rewrite-percentage", "0"],
  ];
  return during(task, config, async ({ client, instance, again }) => {
    await sendAll(client, writes(keys, overwrites));
    await instance.stop();
    const plainBegunMs = performance.now();
    const plain = await again(config);
    const plainMs = performance.now() - plainBegunMs;
    await plain.client.send(["BGREWRITEAOF"]);
    while ((await info(plain.client, "aof_rewrite_in_progress")) !== 0) await pause(20);
    await plain.instance.stop();
    const hybridBegunMs = performance.now();
    await again(config);
    return { plain: plainMs, hybrid: performance.now() - hybridBegunMs };
  });
}

function* writes(keys: number, overwrites: number): Iterable<Request> {
  for (let round = 0; round <= overwrites; round++) {
    for (let key = 0; key < keys; key++) yield ["SET", `key:${key}`, `value ${round} of ${key}`];
  }
}

export const logCost: ClaimCheck = {
  name: "log-cost",
  on: "processes",
  async measure(task) {
    const { told } = task;
    const policies: readonly (readonly [string, Config])[] = [
      ["none", [["appendonly", "no"]]],
      ...(["no", "everysec", "always"] as const).map(
        (policy) => [policy, [["appendonly", "yes"] as const, ["appendfsync", policy] as const]] as const,
      ),
    ];
    const perSecond = new Map<string, number>();
    for (const [name, config] of policies) {
      const rate = await during(task, [["save", ""], ...config], ({ client }) =>
        callsPerSecond(client, told.number("seconds")),
      );
      perSecond.set(name, rate);
    }
    const none = perSecond.get("none") as number;
    const costs = ["no", "everysec", "always"].map(
      (name) => [name, 100 * (1 - (perSecond.get(name) as number) / none)] as const,
    );
    const within = costs.filter(
      ([, percent]) => percent >= told.number("leastPercent") && percent <= told.number("mostPercent"),
    ).length;
    const figure = costs.map(([name, percent]) => `${name} ${percent.toFixed(0)} %`).join(", ");
    if (within === costs.length) return { verdict: "true", figure };
    return { verdict: "depends", figure: `${figure} of ${Math.round(none)} calls a second` };
  },
};

async function callsPerSecond(client: RespClient, seconds: number): Promise<number> {
  const value = "v".repeat(64);
  let calls = 0;
  const begunMs = performance.now();
  while (performance.now() - begunMs < seconds * 1_000) {
    await Promise.all(
      client.together(() => Array.from({ length: 16 }, () => client.send(["SET", `key:${calls++ % 1_000}`, value]))),
    );
  }
  return calls / ((performance.now() - begunMs) / 1_000);
}

export const forkAndRewrite: ClaimCheck = {
  name: "fork-and-rewrite",
  on: "processes",
  measure: (task) =>
    during(task, withDebug(task.directives), async ({ client }) => {
      const { told, signal } = task;
      const megabytes = told.number("megabytes");
      await populate(client, megabytes);
      const begunMs = performance.now();
      await client.send(["BGREWRITEAOF"]);
      do await pause(50);
      while ((await info(client, "aof_rewrite_in_progress")) !== 0 && !signal.aborted);
      const rewriteS = (performance.now() - begunMs) / 1_000;
      const forkS = (await info(client, "latest_fork_usec")) / 1e6;
      const figure = `${megabytes} MB: a fork of ${(forkS * 1_000).toFixed(1)} ms, a rewrite of ${rewriteS.toFixed(1)} s`;
      return trueIf(forkS >= told.number("forkS") && rewriteS >= told.number("rewriteMinutes") * 60, figure);
    }),
};

/** To fill itself at once a store must be allowed to. */
function withDebug(directives: Config): Config {
  return [...directives, ["enable-debug-command", "yes"]];
}

export const manifestGone: ClaimCheck = {
  name: "manifest-gone",
  on: "processes",
  measure: (task) =>
    during(task, task.directives, async ({ client, instance, dir, again }) => {
      await sendAll(client, writes(20, 0));
      await instance.stop();
      if (!task.told.flag("stays")) rmSync(path.join(dir, "appendonlydir", "appendonly.aof.manifest"));
      const count = await servedKeys(task, again);
      const what = task.told.flag("stays") ? "stopped and started" : "the manifest removed";
      return trueIf(count === 0, `20 keys written, ${what}: ${count} keys served`);
    }),
};

async function servedKeys({ target, directives }: ClaimTask, again: Living["again"]): Promise<number> {
  try {
    const { client } = await again(directives);
    const reply = await client.send(["DBSIZE"]);
    return reply.kind === "integer" ? reply.value : Number.NaN;
  } catch (error) {
    if (!(error instanceof RefusedToStart)) throw error;
    throw new CannotMeasure(`${target} does not start without it: what is said is said of redis-server`);
  }
}
