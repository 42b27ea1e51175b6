/**
 * One backup, from its claim on the folder to its last sync. The whole story on one page.
 *
 *     claim ─ snapshot ─ log ─ prune ─ leave
 *
 * What fails undoes what it changed; what is killed leaves a claim that says what to undo, and the next one does.
 */
import { posix as path } from "node:path";
import { BackupFailed, type BackupWorld } from "./backup-world.ts";
import { Claim } from "./claim.ts";
import { keepsLog, takeLog } from "./log.ts";
import { type BackupKind, parseBackupName, partialPrefix, sumFileOf } from "./names.ts";
import { takeSnapshot } from "./snapshot.ts";
import { mustReadDirective } from "./store-words.ts";

export interface BackupOrder {
  /** The folder of backups; exists. */
  readonly to: string;
  /** The store's data folder as this machine sees it; absent: what the store says. */
  readonly data?: string;
  /** `both`: the log only where one is kept. */
  readonly what: BackupKind | "both";
  /** Older backups are removed, but never the last one of its kind. Absent: all are kept. */
  readonly keepDays?: number;
}

export interface BackupDone {
  /** Names in the folder of backups. */
  readonly taken: readonly string[];
  readonly removed: readonly string[];
}

/** @throws BackupFailed */
export async function backUp(
  world: BackupWorld,
  order: BackupOrder,
  say: (line: string) => void = () => undefined,
): Promise<BackupDone> {
  const { to, what } = order;
  world.enters("claim");
  const claim = await Claim.take(world, to, say);
  try {
    const data = order.data ?? (await mustReadDirective(world, "dir"));
    const place = { to, data, takenMs: await freeMoment(world, to) };
    const withLog = what === "log" || (what === "both" && (await keepsLog(world)));
    if (what === "log" && !(await keepsLog(world))) throw new BackupFailed("the store keeps no log: take a snapshot");
    const taken: string[] = [];
    if (what !== "log") taken.push(await takeSnapshot(world, place));
    if (withLog) taken.push(await takeLog(world, claim, place));
    world.enters("prune");
    const removed = await prune(world, to, order.keepDays, place.takenMs);
    return { taken, removed };
  } finally {
    world.enters("leave");
    for (const name of await world.files.list(to)) {
      if (name.startsWith(partialPrefix)) await world.files.remove(path.join(to, name));
    }
    await claim.release();
  }
}

/** Names have seconds: the second backup of a second waits for the next one. */
async function freeMoment({ files, clock }: BackupWorld, to: string): Promise<number> {
  for (;;) {
    const nowMs = clock.nowMs();
    const second = Math.floor(nowMs / 1_000) * 1_000;
    const taken = (await files.list(to)).some((name) => parseBackupName(name)?.takenMs === second);
    if (!taken) return second;
    await clock.sleep(second + 1_000 - nowMs);
  }
}

const dayMs = 24 * 60 * 60 * 1_000;

async function prune(
  { files }: BackupWorld,
  to: string,
  keepDays: number | undefined,
  nowMs: number,
): Promise<string[]> {
  if (keepDays === undefined) return [];
  const backups = (await files.list(to)).flatMap((name) => parseBackupName(name) ?? []);
  const newest = (kind: BackupKind) =>
    Math.max(...backups.filter((backup) => backup.kind === kind).map(({ takenMs }) => takenMs));
  const old = backups.filter(({ kind, takenMs }) => nowMs - takenMs > keepDays * dayMs && takenMs < newest(kind));
  for (const { name } of old) {
    // First it claims nothing any more, then it goes.
    const doomed = path.join(to, partialPrefix + name);
    await files.rename(path.join(to, name), doomed);
    await files.sync(to);
    await files.remove(doomed);
    await files.remove(path.join(to, sumFileOf(name)));
  }
  if (old.length > 0) await files.sync(to);
  return old.map(({ name }) => name);
}
