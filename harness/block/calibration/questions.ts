/**
 * What each law is asked of a sighting. Some laws bind the disk: one sighting that breaks such a law refutes it. Some
 * permit it something: one sighting in which it did that confirms such a law.
 *
 *     binds     L1 L4 L5 L6 L8 L10 L11 L12 L14 L15   kept, wherever it was at stake       or broken
 *     permits   L2 L3 L7 L9 L13 L16 L17 L18          seen                                 or not seen
 */
import type { LawId, SurvivorSet } from "../../disk/disk-model.ts";
import { holds, tearAt } from "../../disk/disk-models.ts";
import { type DiskOp, isMetadata } from "../../disk/disk-op.ts";
import { pageBytes, sectorBytes } from "../../disk/units.ts";
import type { SyncEndRecord } from "../../recording/journal.ts";
import type { Sighting } from "./sighting.ts";

/** Of a law that binds: `yes` kept, `no` broken. Of one that permits: `yes` seen. Undefined: not at stake here. */
export type Answer = "yes" | "no" | undefined;

export interface Question {
  readonly law: LawId;
  readonly kind: "binds" | "permits";
  ask(sighting: Sighting): Answer;
}

export interface LawVerdict {
  readonly confirmed: boolean;
  /** Sightings in which it was at stake, and those among them that decided. */
  readonly asked: number;
  readonly decisive: number;
}

export function verdictOn({ kind, ask }: Question, sightings: readonly Sighting[]): LawVerdict {
  const answers = sightings.map((sighting) => ask(sighting)).filter((answer) => answer !== undefined);
  const decisive = answers.filter((answer) => answer === (kind === "binds" ? "no" : "yes")).length;
  const confirmed = kind === "binds" ? answers.length > 0 && decisive === 0 : decisive > 0;
  return { confirmed, asked: answers.length, decisive };
}

// ── How they are asked ────────────────────────────────────────────────────────────────────────────────────────────

const bySectors = (op: DiskOp): readonly DiskOp[] => tearAt(sectorBytes, op);
const byPages = (op: DiskOp): readonly DiskOp[] => tearAt(pageBytes, op);

/** What is pending where any sync commits earlier names, in parts of a sector; undefined: one survived in part. */
const survivorsBySector = (sighting: Sighting) => sighting.survivors({ commits: "any-sync", tear: bySectors });
const survivorsByPage = (sighting: Sighting) => sighting.survivors({ commits: "any-sync", tear: byPages });

const someKept = ({ kept }: SurvivorSet) => kept.includes(true);
const someLost = ({ kept }: SurvivorSet) => kept.includes(false);

/** A law of the survivors, as the disk models themselves have it. At stake where some survived and some did not. */
const bindsSurvivors =
  (law: LawId): Question["ask"] =>
  (sighting) => {
    const set = survivorsBySector(sighting);
    if (set === undefined || !someKept(set) || !someLost(set)) return undefined;
    return holds(law, set) ? "yes" : "no";
  };

/** That these operations are all there. Not at stake where there are none. */
const allThere = (sighting: Sighting, ops: readonly DiskOp[]): Answer =>
  ops.length === 0
    ? undefined
    : ops.every((op) => !sighting.isThere(op) || sighting.fate(op) === "kept")
      ? "yes"
      : "no";

const since = (sighting: Sighting, ops: readonly DiskOp[]): DiskOp[] => {
  const settledTo = sighting.journal.records.findLastIndex(({ kind }) => kind === "settled");
  return ops.filter((op) => op.index > settledTo);
};

/** Names that another file's sync has made durable, by L6; by L7 nothing has. */
function commitedByOthers(sighting: Sighting): DiskOp[] {
  const pending = new Set(sighting.pending("own-sync").map((op) => op.index));
  return since(sighting, sighting.durable("any-sync")).filter((op) => isMetadata(op) && pending.has(op.index));
}

function syncsThatEnded({ journal, pointIndex }: Sighting, ok: boolean): SyncEndRecord[] {
  return journal.records
    .slice(0, pointIndex)
    .filter((record): record is SyncEndRecord => record.kind === "sync-end" && record.ok === ok);
}

/** Bytes that were written to a file while a sync of it was under way, which has ended. */
function writtenMeanwhile(sighting: Sighting): DiskOp[] {
  const ends = syncsThatEnded(sighting, true);
  return sighting.pending("any-sync").filter((op) => {
    return op.kind === "write" && ends.some((end) => isMeanwhile(sighting, op, end));
  });
}

function isMeanwhile({ journal }: Sighting, op: DiskOp, end: SyncEndRecord): boolean {
  const endIndex = journal.records.indexOf(end);
  return op.inode === end.inode && op.index > end.start && op.index < endIndex;
}

/** Bytes that a sync failed to write, of a file that was synced again since, and well. They are not pending: no sync covers them. */
function failedAndSyncedAgain(sighting: Sighting): DiskOp[] {
  const [failed, ended] = [syncsThatEnded(sighting, false), syncsThatEnded(sighting, true)];
  return sighting
    .writes()
    .filter((op) =>
      failed.some(
        ({ inode, start }) =>
          inode === op.inode && op.index < start && ended.some((end) => end.inode === inode && end.start > start),
      ),
    );
}

const lostAny = (sighting: Sighting, ops: readonly DiskOp[]): Answer =>
  ops.length === 0 ? undefined : ops.some((op) => sighting.fate(op) === "lost") ? "yes" : "no";

function isTorn(sighting: Sighting): Answer {
  const writes = sighting.pending("any-sync").filter((op) => op.kind === "write");
  const parts = writes.map((op) => bySectors(op).map((part) => sighting.fate(part)));
  if (parts.length === 0) return undefined;
  return parts.some((fates) => isPrefix(fates) && fates.includes("lost") && fates[0] === "kept") ? "yes" : "no";
}

const isPrefix = (fates: readonly string[]) => fates.lastIndexOf("kept") < (fates.indexOf("lost") + 1 || Infinity);

/** The size of a write without its bytes. */
function isZeroFilled(sighting: Sighting): Answer {
  const writes = sighting.pending("any-sync").filter((op) => op.kind === "write");
  if (writes.length === 0) return undefined;
  const hollow = writes.some((op) => {
    const size = { kind: "size", index: op.index, inode: op.inode, growTo: op.to } as const;
    return sighting.fate(op) === "lost" && sighting.fate(size) === "kept" && isLast(op, writes);
  });
  return hollow ? "yes" : "no";
}

const isLast = (op: DiskOp, ops: readonly DiskOp[]) => ops.findLast(({ inode }) => inode === op.inode) === op;

/** A later page survives, and an earlier one of the same file does not. */
function isPatchwork(sighting: Sighting): Answer {
  const set = survivorsByPage(sighting);
  if (set === undefined || !someLost(set) || !someKept(set)) return undefined;
  return !holds("L14", set) && holds("L17", set) ? "yes" : "no";
}

/** A later name survives, and an earlier one does not. */
function namesOutOfOrder(sighting: Sighting): Answer {
  const ops = sighting.pending("own-sync").filter((op) => op.kind === "name");
  const set = { ops, kept: ops.map((op) => sighting.fate(op) === "kept") };
  if (!someLost(set) || !someKept(set)) return undefined;
  return !holds("L10", set) && holds("L18", set) ? "yes" : "no";
}

function nothingPendingIsThere(sighting: Sighting): Answer {
  const ops = sighting.pending("any-sync");
  if (ops.length === 0) return undefined;
  return ops.every((op) => sighting.fate(op) === "lost") ? "yes" : "no";
}

const binds = (law: LawId, ask: Question["ask"]): Question => ({ law, kind: "binds", ask });
const permits = (law: LawId, ask: Question["ask"]): Question => ({ law, kind: "permits", ask });

export const questions: readonly Question[] = [
  binds("L1", (at) =>
    allThere(
      at,
      since(at, at.durable("own-sync")).filter((op) => op.kind === "write"),
    ),
  ),
  permits("L2", (at) => lostAny(at, writtenMeanwhile(at))),
  permits("L3", (at) => lostAny(at, since(at, failedAndSyncedAgain(at)))),
  binds("L4", (at) =>
    since(at, at.pending("own-sync")).some(isRename) ? (at.strangeNames ? "no" : "yes") : undefined,
  ),
  binds("L5", (at) => (at.pending("any-sync").length > 0 ? (at.strangeBytes ? "no" : "yes") : undefined)),
  binds("L6", (at) => allThere(at, commitedByOthers(at))),
  permits("L7", (at) => lostAny(at, commitedByOthers(at))),
  binds("L8", (at) => allThere(at, at.isLive && syncsThatEnded(at, false).length === 0 ? at.pending("any-sync") : [])),
  permits("L9", nothingPendingIsThere),
  binds("L10", bindsSurvivors("L10")),
  binds("L11", bindsSurvivors("L11")),
  binds("L12", bindsSurvivors("L12")),
  permits("L13", isTorn),
  binds("L14", bindsSurvivors("L14")),
  binds("L15", (at) => (at.pending("any-sync").some(isRename) ? bindsSurvivors("L15")(at) : undefined)),
  permits("L16", isZeroFilled),
  permits("L17", isPatchwork),
  permits("L18", namesOutOfOrder),
];

function isRename(op: DiskOp): boolean {
  return op.kind === "name" && op.record.kind === "rename";
}
