/**
 * The process is killed: SIGKILL, which no program can see coming. Nothing that it had handed to the operating system is
 * lost, everything else is; what comes back says which was which.
 *
 *     clients    ▮▮▮▮▮▮▮▮▮▮▮▮▮▯▯                  ▯ on their way: indeterminate
 *     store      ▮▮▮▮▮▮▮▮▮▮▮▮▮✗                    ✗ SIGKILL, to it alone or with its children (S8)
 *     cut                    ├──┤                  from just before the signal to the last reply that still arrived
 *     files                     image              copied while orphans, if any, stand still
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Volume } from "../disk/volume.ts";
import type { LinkPlan, PlannedKill, PlannedTrigger } from "../plan.ts";
import type { Interval } from "../recording/stamp.ts";
import { lastValue } from "../targets/config-file.ts";
import type { Instance, KillScope, StartOptions, Target } from "../targets/target.ts";
import { recordedVolumeOf } from "./disk-fault.ts";
import { type CrashState, type Fault, type LiveRun, StoreEndedEarly, type Window } from "./fault.ts";
import { exhaustMemory } from "./out-of-memory.ts";
import { beginJob, type Job } from "./trigger.ts";
import { windowsIn } from "./windows.ts";

const shutdownPatienceMs = 20_000;
const operationPatienceMs = 3_000;

type KillRun = LiveRun<PlannedKill>;

/** What a strike left behind, before the files are looked at. */
interface Strike {
  readonly cut: Interval;
  readonly fault: CrashState["fault"];
  readonly operation: string;
  readonly path: string;
  readonly windows: readonly Window[];
}

export const kill: Fault<PlannedKill> = {
  name: "kill",

  refuses(link: LinkPlan<PlannedKill>, target: Target): string | undefined {
    if (target.kind === "simulated") return "a simulated store has no process to kill; the bundled one has";
    if (needsRecording(link, target) && !target.volumes.has("recorded")) {
      return `${target.name} cannot live on a recorded volume, where an exact disk operation can be met`;
    }
    if (link.fault.syncs !== undefined && !target.volumes.has("recorded")) {
      return `${target.name} cannot live on a recorded volume, and on no other disk can syncs be made slow`;
    }
    if (link.fault.trigger.kind === "out-of-memory" && target.kind !== "container") {
      return `${target.name} is no container, and only a container's memory can be limited: use docker:IMAGE`;
    }
    if (link.fault.scope === "process" && target.kind === "container") {
      return "in a container nothing outlives its first process: scope must be tree";
    }
    return undefined;
  },

  volume: (link, target) => (needsRecording(link, target) ? "recorded" : "directory"),

  prepare(link: LinkPlan<PlannedKill>): StartOptions {
    const { trigger, scope } = link.fault;
    if (trigger.kind === "out-of-memory") return { memoryBytesMax: trigger.memoryMb * 1024 ** 2 };
    if (trigger.kind !== "at-disk-operation") return {};
    const { side, operation, nth, path, afterWrites } = trigger;
    // A store that does not know this dies on a recorded volume; there the volume sees to it.
    return { environment: { LOSSBOUND_KILL_AT: `${side}:${operation}:${nth}@${afterWrites}:${path}:${scope}` } };
  },

  async crash(live: KillRun): Promise<CrashState> {
    const { trigger } = live.link.fault;
    const strike = await strikes[trigger.kind](live, trigger as never);
    const image = await live.volume.image();
    live.instance.letOrphansGoOn();
    const seen = windowsIn(image);
    const names = new Set(strike.windows.map((window) => window.name));
    const fromFiles = seen.flatMap((name) => [name.split(":")[0] as string, name]).filter((name) => !names.has(name));
    const windows = [...strike.windows, ...[...new Set(fromFiles)].map((name) => ({ name, openMs: 0 }))];
    return {
      cut: strike.cut,
      point: {
        place: placeOf(trigger, windows),
        operation: strike.operation,
        path: strike.path,
        journalIndex: -1,
        stampNs: strike.cut.startNs,
      },
      fault: strike.fault,
      windows,
      image,
    };
  },
};

/** The most telling of what it hit: a kill during a rewrite is that, however the scenario put it. */
function placeOf(trigger: PlannedTrigger, windows: readonly Window[]): string {
  if (trigger.kind === "at-disk-operation") return `${trigger.side}-${trigger.operation}`;
  const order = ["recovery", "shutdown", "saver", "rewrite", "bgsave", "pause", "out-of-memory"];
  return order.find((name) => windows.some((window) => window.name === name)) ?? "load";
}

// ── One strike for each kind of trigger ───────────────────────────────────────────────────────────────────────────

type Strikes = {
  readonly [Kind in PlannedTrigger["kind"]]: (
    live: KillRun,
    trigger: Extract<PlannedTrigger, { kind: Kind }>,
  ) => Promise<Strike>;
};

const strikes: Strikes = {
  async "after-acks"(live, { acks }) {
    await live.driver.whenAcked(acks);
    return killNow(live, []);
  },

  async "at-random-time"(live, { withinMs }) {
    await sleep(withinMs);
    return killNow(live, []);
  },

  "while-rewrite": (live, { acks, delayMs }) => killWhile("rewrite", live, acks, delayMs),

  "while-bgsave": (live, { acks, delayMs }) => killWhile("bgsave", live, acks, delayMs),

  async "during-recovery"(live, { acks, delaysMs }) {
    await live.driver.whenAcked(acks);
    const strike = await killNow(live, []);
    const windows: Window[] = [];
    for (const delayMs of delaysMs) windows.push(...(await killWhileItLoads(live, delayMs)));
    return { ...strike, windows: [...strike.windows, ...windows.slice(0, 1)] };
  },

  async "after-pause"(live, { acks, pauseMs, replies }) {
    await live.driver.whenAcked(acks);
    mustLive(live.instance);
    const begunMs = performance.now();
    await live.instance.pause();
    await sleep(pauseMs);
    await live.instance.goOn();
    const windows = [{ name: "pause", openMs: performance.now() - begunMs }];
    await live.driver.whenAnswered(live.driver.counts().answered + replies);
    return killNow(live, windows);
  },

  async "on-stop"(live, { acks, graceMs }) {
    await live.driver.whenAcked(acks);
    const { instance, driver, clock } = live;
    mustLive(instance);
    const startNs = clock.now();
    instance.terminate();
    const ended = await Promise.race([instance.ended, sleep(graceMs, undefined, { ref: false })]);
    // Its time is over: whatever it had not written yet is lost as by any other kill.
    if (ended === undefined) await instance.kill("tree");
    const openMs = (clock.now() - startNs) / 1e6;
    await driver.settle();
    const byItself = instance.ending()?.signal !== "SIGKILL";
    return {
      cut: { startNs, endNs: Math.max(startNs, driver.lastEvent()) },
      fault: byItself ? "shutdown" : "kill",
      operation: byItself ? "SIGTERM" : `SIGTERM, then ${killed(instance)}`,
      path: "",
      windows: [{ name: "shutdown", openMs }, ...loadWindow(live)],
    };
  },

  async "out-of-memory"(live, { acks }) {
    await live.driver.whenAcked(acks);
    const { instance, driver, clock } = live;
    mustLive(instance);
    const load = loadWindow(live);
    const startNs = clock.now();
    await exhaustMemory(instance);
    await driver.settle();
    if ((await instance.ranOutOfMemory?.()) !== true) {
      throw new StoreEndedEarly("the store ended, and not for want of memory");
    }
    return {
      cut: { startNs, endNs: Math.max(startNs, driver.lastEvent()) },
      fault: "kill",
      operation: "SIGKILL by the kernel, out of memory",
      path: "",
      windows: [{ name: "out-of-memory", openMs: 0 }, ...load],
    };
  },

  async "on-sigterm"(live, { acks }) {
    await live.driver.whenAcked(acks);
    const { instance, driver, clock } = live;
    mustLive(instance);
    const startNs = clock.now();
    instance.terminate();
    const ended = await Promise.race([instance.ended, sleep(shutdownPatienceMs, undefined, { ref: false })]);
    if (ended === undefined) {
      await instance.kill("tree");
      throw new Error(`the store did not end within ${shutdownPatienceMs / 1_000} s of SIGTERM`);
    }
    const endedNs = clock.now();
    await driver.settle();
    const openMs = (endedNs - startNs) / 1e6;
    return {
      // Not the last reply: a call that left after it may have taken effect, and nobody was told.
      cut: { startNs, endNs: Math.max(startNs, driver.lastEvent()) },
      fault: "shutdown",
      operation: "SIGTERM",
      path: "",
      windows: [{ name: "shutdown", openMs }, ...loadWindow(live)],
    };
  },

  async saver(live, { acks, delayMs, job, replies }) {
    await live.driver.whenAcked(acks);
    const wanted = job === "either" ? jobFor(live) : job;
    const begunMs = performance.now();
    const runs = await beginJob(wanted, live);
    await sleep(delayMs);
    const windows: Window[] = [];
    for (const pid of runs ? live.instance.savers() : []) {
      if (killChild(pid)) windows.push({ name: "saver", openMs: performance.now() - begunMs });
    }
    await live.driver.whenAnswered(live.driver.counts().answered + replies);
    return killNow(live, windows);
  },

  async "at-disk-operation"(live, trigger) {
    const { instance, driver, target, volume } = live;
    const { side, operation, path, nth } = trigger;
    if (!target.diesAtDiskOperation) await armKill(trigger, live.link.fault.scope, volume);
    await Promise.race([instance.ended, driver.finished]);
    // The operation may be a sync that comes a second after the last call.
    await Promise.race([instance.ended, sleep(operationPatienceMs, undefined, { ref: false })]);
    if (instance.ending() === undefined) return killNow(live, []);
    mustHaveBeenKilled(instance);
    await driver.settle();
    // Nobody saw when it died. A call that left after the last reply may have taken effect, so it counts too.
    const endNs = driver.lastEvent();
    return {
      cut: { startNs: endNs, endNs },
      fault: "kill",
      operation: `${side} ${operation} ${nth}`,
      path,
      windows: [{ name: "disk-operation", openMs: 0 }, ...loadWindow(live)],
    };
  },
};

function needsRecording({ fault }: LinkPlan<PlannedKill>, target: Target): boolean {
  return fault.syncs !== undefined || (fault.trigger.kind === "at-disk-operation" && !target.diesAtDiskOperation);
}

const operationsOf = {
  write: ["write"],
  sync: ["fsync", "fdatasync"],
  rename: ["rename"],
  unlink: ["unlink"],
} as const;

/** The volume strikes: who asks for that operation is dead before it hears of it, or before it is done. */
async function armKill(
  { side, operation, path, nth, afterWrites }: Extract<PlannedTrigger, { kind: "at-disk-operation" }>,
  scope: KillScope,
  volume: Volume,
): Promise<void> {
  const when = { on: operationsOf[operation], path, nth: { first: nth, last: nth }, afterWrites };
  await recordedVolumeOf({ volume }).arm([{ kind: "kill", name: "kill", when, side, scope }], "");
}

/** A store without a log has no rewrites. */
function jobFor(live: KillRun): Job {
  return lastValue(live.config, "appendonly") === "yes" ? "rewrite" : "bgsave";
}

async function killWhile(job: Job, live: KillRun, acks: number, delayMs: number): Promise<Strike> {
  await live.driver.whenAcked(acks);
  const begunMs = performance.now();
  const runs = await beginJob(job, live);
  await sleep(delayMs);
  // Its child lives at this very moment; that the files show it too is found out afterwards.
  const open = runs && live.instance.savers().length > 0;
  return killNow(live, open ? [{ name: job, openMs: performance.now() - begunMs }] : []);
}

/** Starts it on what the crash left, and kills it again. Whether it was still loading is what makes this a hit. */
async function killWhileItLoads(live: KillRun, delayMs: number): Promise<Window[]> {
  const { target, volume, config, link } = live;
  const instance = await target.launch(volume, config);
  const begunMs = performance.now();
  const served = instance.ready().then(
    () => true,
    () => false,
  );
  const tooLate = await Promise.race([served, sleep(delayMs, false)]);
  const lives = instance.ending() === undefined;
  const openMs = performance.now() - begunMs;
  await instance.kill(link.fault.scope);
  await served;
  instance.letOrphansGoOn();
  if (link.fault.scope === "tree") await instance.dispose();
  return lives && !tooLate ? [{ name: "recovery", openMs }] : [];
}

function killChild(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

async function killNow(live: KillRun, windows: readonly Window[]): Promise<Strike> {
  const { instance, driver, clock, link } = live;
  mustLive(instance);
  driver.stop();
  const load = loadWindow(live);
  const startNs = clock.now();
  const gone = instance.kill(link.fault.scope);
  const sentNs = clock.now();
  await gone;
  mustHaveBeenKilled(instance);
  await driver.settle();
  return {
    cut: { startNs, endNs: Math.max(sentNs, driver.lastEvent()) },
    fault: "kill",
    operation: killed(instance),
    path: "",
    windows: [...windows, ...load],
  };
}

/** How, where there is more than one way. */
function killed({ killedHow }: Instance): string {
  return killedHow === undefined ? "SIGKILL" : `SIGKILL ${killedHow}`;
}

/** Under load: something had been acked, or was on its way. */
function loadWindow(live: KillRun): Window[] {
  const { invoked } = live.driver.counts();
  return invoked > 0 ? [{ name: "load", openMs: live.clock.now() / 1e6 }] : [];
}

function mustLive(instance: Instance): void {
  const ending = instance.ending();
  if (ending === undefined) return;
  throw new StoreEndedEarly(
    `the store ended by itself with ${ending.signal ?? `exit code ${ending.exitCode}`}: ${instance.lastLogLines(3).join(" ⏎ ")}`,
  );
}

function mustHaveBeenKilled(instance: Instance): void {
  if (instance.ending()?.signal !== "SIGKILL") mustLive(instance);
}
