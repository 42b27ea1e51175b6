/**
 * A backup that is struck while it is taken. What is judged is what its user would restore: the newest one that claims to
 * be complete.
 *
 *     clients   ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮
 *     backups     ├─ 1: whole ─┤   ├─ 2: ✗          ├─ 3: whole ─┤        the backup died at some step: the next one
 *                                                                          undoes what it left, and must be whole
 *                 ├─ 1: whole ─┤   ├─ 2: … ✗ store                         the store died: the newest that is there
 */

import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { backUp } from "../backup/back-up.ts";
import { type BackupWorld, BrokenBackup } from "../backup/backup-world.ts";
import { type CheckedBackup, checkBackup } from "../backup/check-backup.ts";
import { BackupDied, DoomedWorld } from "../backup/doomed-world.ts";
import { parseBackupName } from "../backup/names.ts";
import { copyPlainly } from "../backup/plain-copy.ts";
import { realFiles } from "../backup/real-files.ts";
import { directivesFor, restore } from "../backup/restore.ts";
import { readDirective } from "../backup/store-words.ts";
import { readImage } from "../disk/image-files.ts";
import type { PlannedBackup } from "../plan-backup.ts";
import type { StampNs } from "../recording/stamp.ts";
import type { RespClient, Target } from "../targets/target.ts";
import type { BackedUp, CrashState, Fault, LiveRun } from "./fault.ts";
import { beginJob } from "./trigger.ts";

type BackupRun = LiveRun<PlannedBackup>;

export const backup: Fault<PlannedBackup> = {
  name: "backup",

  refuses(_, target: Target): string | undefined {
    return target.kind === "simulated" ? "a simulated store has no files to back up; the bundled one has" : undefined;
  },

  volume: () => "directory",

  prepare: () => ({}),

  async crash(live: BackupRun): Promise<CrashState> {
    const folder = `${live.volume.dir}-backups`;
    mkdirSync(folder);
    try {
      const taken = await (live.link.fault.method === "copy" ? takePlainly(live, folder) : takeStruck(live, folder));
      if (live.instance.ending() === undefined) await live.instance.kill("tree");
      await live.driver.settle();
      return stateOf(live, taken);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** What is restored, and how it came about. */
interface Taken {
  /** The data folder, laid out. */
  readonly data: string;
  readonly backedUp: BackedUp;
  /** What was struck where, e.g. `the backup died, copy: after sync`. */
  readonly story: string;
  /** Class of place, part of a finding's fingerprint. */
  readonly place: string;
}

function stateOf(live: BackupRun, { data, backedUp, story, place }: Taken): CrashState {
  const { beganNs, completedNs } = backedUp;
  return {
    cut: { startNs: beganNs, endNs: completedNs },
    point: { place, operation: story, path: "", journalIndex: -1, stampNs: completedNs },
    fault: "kill",
    windows: [{ name: "backup", openMs: (completedNs - beganNs) / 1e6 }, ...loadOf(live)],
    image: readImage(data),
    backup: backedUp,
  };
}

function loadOf({ driver, clock }: BackupRun) {
  return driver.counts().acked > 0 ? [{ name: "load", openMs: clock.now() / 1e6 }] : [];
}

// ── As lossbound backup does it ───────────────────────────────────────────────────────────────────────────────────

/** A stretch in which a backup was taken. */
interface Attempt {
  readonly beganNs: StampNs;
  readonly endedNs: StampNs;
}

async function takeStruck(live: BackupRun, folder: string): Promise<Taken> {
  const { instance, driver } = live;
  const { acks, dies, stage } = live.link.fault;
  const to = path.join(folder, "to");
  mkdirSync(to);
  const client = await instance.connect();
  const attempts = new Map<string, Attempt>();
  const setting = await client.send(["CONFIG", "GET", rewriteSetting]);
  await driver.whenAcked(acks);
  await attempt(live, worldOf(client, 1), to, attempts);
  await driver.whenAcked(driver.counts().acked + acks);
  const doomed = new DoomedWorld(worldOf(client, 2), {
    ...live.link.fault,
    endsBackup: dies === "backup",
    strike: async () => {
      if (dies === "store") await instance.kill("tree");
    },
  });
  await attempt(live, dies === "nobody" ? worldOf(client, 2) : doomed, to, attempts);
  if (dies !== "nobody") await doomed.ends();
  if (dies !== "nobody" && doomed.struck === undefined) throw new Error(`the backup had no stage ${stage}`);
  if (dies === "backup") {
    await attempt(live, worldOf(client, 3), to, attempts);
    const again = await client.send(["CONFIG", "GET", rewriteSetting]);
    if (JSON.stringify(again) !== JSON.stringify(setting)) throw new Error("a backup left rewrites switched off");
  }
  client.close();
  return newest(live, folder, to, attempts, doomed.struck);
}

const rewriteSetting = "auto-aof-rewrite-percentage";

/** Notes which names came with it. One that was struck fails; any other failure is one. */
async function attempt(live: BackupRun, world: BackupWorld, to: string, attempts: Map<string, Attempt>): Promise<void> {
  const { takes } = live.link.fault;
  const beganNs = live.clock.now();
  try {
    await backUp(world, { to, data: live.volume.dir, what: takes });
  } catch (error) {
    const storeDied = live.instance.ending() !== undefined;
    if (!(error instanceof BackupDied) && !storeDied) throw error;
  }
  const endedNs = live.clock.now();
  for (const name of readdirSync(to)) {
    if (parseBackupName(name) !== undefined && !attempts.has(name)) attempts.set(name, { beganNs, endedNs });
  }
}

async function newest(
  live: BackupRun,
  folder: string,
  to: string,
  attempts: ReadonlyMap<string, Attempt>,
  struck: string | undefined,
): Promise<Taken> {
  const { takes, dies, stage } = live.link.fault;
  const [name, found] = [...attempts].at(-1) ?? [];
  if (name === undefined || found === undefined) throw new Error("there is no backup, not even the first one");
  const data = path.join(folder, "data");
  const stamps = { beganNs: found.beganNs, completedNs: found.endedNs, isLog: takes === "log" };
  const story = struck === undefined ? "nobody died" : `the ${dies} died, ${struck}`;
  const place = `backup:${dies}-dies:${stage}`;
  try {
    const checked = await checkBackup(realFiles, path.join(to, name));
    await restore(realFiles, checked, data);
    return { data, story, place, backedUp: { ...stamps, config: restoredConfig(live, checked) } };
  } catch (error) {
    if (!(error instanceof BrokenBackup)) throw error;
    return { data: to, story, place, backedUp: { ...stamps, config: live.config, broken: error.message } };
  }
}

function restoredConfig({ config }: BackupRun, checked: CheckedBackup): BackedUp["config"] {
  return [...config, ...directivesFor(checked)];
}

/** Each backup a process of its own, of which none of the others lives; and a second later, for names have seconds. */
function worldOf(store: RespClient, count: number): BackupWorld {
  return {
    files: realFiles,
    store,
    clock: { nowMs: () => Date.now() + count * 2_000, sleep: (ms) => sleep(ms) },
    self: randomUUID(),
    lives: () => false,
    enters: () => undefined,
  };
}

// ── As it should not be done ──────────────────────────────────────────────────────────────────────────────────────

async function takePlainly(live: BackupRun, folder: string): Promise<Taken> {
  const { instance, driver, clock, volume } = live;
  const { takes, acks, pauseMs } = live.link.fault;
  const client = await instance.connect();
  const world = worldOf(client, 1);
  await driver.whenAcked(acks);
  if (takes === "snapshot") await aFirstSave(live);
  await driver.whenAcked(driver.counts().acked + acks);
  if (takes === "log") await beginJob("rewrite", live);
  const beganNs = clock.now();
  const data = path.join(folder, "data");
  mkdirSync(data);
  await copyPlainly(world, takes, volume.dir, data, pauseMs);
  const completedNs = clock.now();
  const appendonly = takes === "snapshot" ? "no" : ((await readDirective(world, "appendonly")) ?? "yes");
  client.close();
  const config = [...live.config, ["appendonly", appendonly] as const];
  const backedUp = { beganNs, completedNs, isLog: takes === "log", config };
  return { data, backedUp, story: "a plain copy", place: "backup:plain-copy" };
}

/** The one that a copy made too early will find. */
async function aFirstSave(live: BackupRun): Promise<void> {
  await beginJob("bgsave", live);
  while (live.instance.savers().length > 0) await sleep(5);
}
