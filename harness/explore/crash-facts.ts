/**
 * What was measured by each crash point of a recording, so that its promises are those of that moment (O7): all of it read
 * from the journal and the history themselves.
 *
 *     syncs         ▷───◁   ▷──────────── ╎      the longest so far, one that had not ended included
 *     clients       ──?────────!──────?── ╎      the longest time in which somebody waited and nobody had a reply
 *     snapshots     temp-7.rdb ▷◁ dump.rdb ▷◁    safe once its bytes, its name and its folder were synced
 *     the disk      refused a write or a sync    nothing is promised until a sync has covered what came after
 *     children      temp-rewriteaof-7.aof …      with no-appendfsync-on-rewrite nothing is promised while one lives
 *     kills         ✗ start ▷──◁                 until the next life has synced what the one before left in the log
 */
import type { CrashPoint } from "../disk/crash-points.ts";
import { suspensionOf } from "../faults/disk-record.ts";
import { Stalls } from "../measure/stalls.ts";
import { SyncTimes } from "../measure/sync-times.ts";
import type { CrashFacts, Save, Suspension } from "../oracle/evidence.ts";
import type { Journal } from "../recording/journal.ts";
import type { Recording } from "../recording/recording.ts";
import type { StampNs } from "../recording/stamp.ts";
import { refusesLog } from "../swarm.ts";
import { lastValue } from "../targets/config-file.ts";
import type { Config } from "../targets/target.ts";

const snapshotTemporary = /(^|\/)temp-\d+\.rdb$/;
const rewriteTemporary = /(^|\/)temp-rewriteaof-\d+\.aof$/;
const logFile = /\.aof$/;

export class FactsAtPoints {
  private readonly syncs: SyncTimes;
  private readonly stalls: Stalls;
  private readonly saves: readonly Save[];
  private readonly suspensions: readonly Suspension[];

  constructor(recording: Recording, config: Config) {
    const { journal, history, endNs } = recording;
    this.syncs = new SyncTimes(journal);
    this.stalls = new Stalls(history);
    this.saves = recording.saves ?? savesIn(recording);
    const skipsSyncs = lastValue(config, "no-appendfsync-on-rewrite") === "yes";
    // Where each write is synced before its reply, a dead process leaves nothing to be synced by the next.
    const lags = lastValue(config, "appendfsync") !== "always";
    this.suspensions = [
      ...(skipsSyncs ? suspensionsIn(journal, endNs) : []),
      ...(lags ? suspensionsAfterKills(recording) : []),
      ...refusalsIn(journal),
      ...switchesIn(recording),
    ];
  }

  at(point: CrashPoint, place: string): CrashFacts {
    const { endNs } = point.interval;
    return {
      fault: "power-cut",
      longestSyncMs: this.syncs.longestMs(point.index, endNs),
      longestStallMs: this.stalls.longestMs(endNs),
      saves: this.saves,
      suspensions: this.suspensions,
      place,
    };
  }
}

// ── Snapshots ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** When each file of a child came and went, and what became of it. */
interface TemporaryFile {
  readonly inode: number;
  readonly createdNs: StampNs;
  /** Renamed to its final name, at this record. */
  renamedAt?: number;
  /** Renamed or removed: the child is done. */
  goneAt?: number;
}

function temporaryFiles({ records }: Journal, pattern: RegExp): TemporaryFile[] {
  const byInode = new Map<number, TemporaryFile>();
  records.forEach((record, index) => {
    if (record.kind === "create" && pattern.test(record.path)) {
      byInode.set(record.inode, { inode: record.inode, createdNs: record.stampNs });
    }
    if (record.kind !== "rename" && record.kind !== "unlink") return;
    const file = byInode.get(record.inode);
    if (file === undefined) return;
    file.goneAt ??= index;
    if (record.kind === "rename") file.renamedAt ??= index;
  });
  return [...byInode.values()];
}

/**
 * Where no log is kept. A snapshot counts once it was renamed and a sync that began after that has ended: in every model
 * that a store must survive any sync makes the name durable, and Redis syncs the folder.
 */
function savesIn({ journal, savesBegunNs }: Recording): Save[] {
  return temporaryFiles(journal, snapshotTemporary).map((file) => {
    // Seen to begin before its file was there. One that nobody saw begin promises nothing.
    const startedNs = savesBegunNs.findLast((ns) => ns <= file.createdNs) ?? 0;
    const completedNs = file.renamedAt === undefined ? undefined : endOfSyncBegunAfter(journal, file.renamedAt);
    return { startedNs, ...(completedNs !== undefined && { completedNs }) };
  });
}

/** The moment after it: at the crash point whose interval ends with that very record, the sync has not ended yet. */
function endOfSyncBegunAfter({ records }: Journal, index: number): StampNs | undefined {
  const end = records.slice(index).find((record) => record.kind === "sync-end" && record.ok && record.start > index);
  return end === undefined ? undefined : end.stampNs + 1;
}

// ── A disk that refuses ───────────────────────────────────────────────────────────────────────────────────────────

/** Each from the refusal until a sync has covered what was written after it. */
export function refusalsIn({ records }: Journal): Suspension[] {
  return records.flatMap((record) => {
    if (record.kind !== "fault" || !refusesLog(record.fault)) return [];
    return [suspensionOf(records, { startNs: record.stampNs, endNs: record.stampNs })];
  });
}

// ── A log that was off ────────────────────────────────────────────────────────────────────────────────────────────

const firstIncr = /(^|\/)temp-[^/]*\.aof\.incr$/;

/** From the order to switch it off until the manifest that its first rewrite made is durable. */
function switchesIn({ journal, logOffNs = [], endNs }: Recording): Suspension[] {
  const { records } = journal;
  return logOffNs.map((startNs) => {
    const incr = records.findIndex(
      (record) => record.kind === "rename" && record.stampNs > startNs && firstIncr.test(record.fromPath),
    );
    const adopted =
      incr < 0
        ? undefined
        : records.findIndex((r, index) => index > incr && r.kind === "rename" && r.path.endsWith(".manifest"));
    const until = adopted === undefined || adopted < 0 ? undefined : endOfSyncBegunAfter(journal, adopted);
    return {
      interval: { startNs, endNs: until ?? endNs },
      why: "the log was switched on and its first rewrite had not ended",
    };
  });
}

// ── Children during which nothing is synced ───────────────────────────────────────────────────────────────────────

/** From the first trace of a child until a sync of a log has ended that began when the child was gone. */
function suspensionsIn(journal: Journal, endNs: StampNs): Suspension[] {
  const children = [...temporaryFiles(journal, snapshotTemporary), ...temporaryFiles(journal, rewriteTemporary)];
  return children.map(({ createdNs, goneAt }) => {
    const until = goneAt === undefined ? undefined : endOfLogSyncBegunAfter(journal, goneAt);
    return {
      interval: { startNs: createdNs, endNs: until ?? endNs },
      why: "a child ran and no-appendfsync-on-rewrite is on",
    };
  });
}

/** From a kill until the next life has synced the log: its clock of syncs began anew. */
function suspensionsAfterKills({ kills = [], journal, endNs }: Recording): Suspension[] {
  return kills.map(({ atNs }) => {
    const index = journal.records.findIndex(({ stampNs }) => stampNs > atNs);
    const until = index < 0 ? undefined : endOfLogSyncBegunAfter(journal, index - 1);
    return {
      interval: { startNs: atNs, endNs: until ?? endNs },
      why: "the process had died, and no sync had covered since what it left in the log",
    };
  });
}

function endOfLogSyncBegunAfter({ records }: Journal, index: number): StampNs | undefined {
  return records
    .slice(index)
    .find(
      (record) => record.kind === "sync-end" && record.ok && record.start > index && logFile.test(record.path ?? ""),
    )?.stampNs;
}
