/**
 * The ten disk models: each is a name for the laws it obeys, and the laws are predicates. To see what a model means, read
 * its row here and then its laws in `disk-model.ts`, or the cases in `tests/disk/cases/`.
 *
 *     ordered ─┐             ┌─ torn
 *              ├── prefix ───┼─ metadata-first ─┬─ pages         left of another: every state of it
 *     process- │             ├─ cross ──────────┘               is a state of the other
 *       crash ─┤             └─ zero-filled
 *              └──────────────── random-metadata
 *     strict ────────────────────┘
 */
import { type DiskModel, type LawId, type SurvivorSet, settle } from "./disk-model.ts";
import { type DiskOp, isMetadata, standsOn, type WriteOp } from "./disk-op.ts";
import { pageBytes, sectorBytes } from "./units.ts";

const always = ["L1", "L2", "L3", "L4", "L5"] as const;

export const diskModels: readonly DiskModel[] = [
  model({
    name: "process-crash",
    grade: "must-pass",
    summary: "the process was killed: all that it wrote survives",
    laws: ["L1", "L2", "L4", "L8"],
    readings: ["new"],
  }),
  model({
    name: "ordered",
    grade: "must-pass",
    summary: "nothing unsynced survives, and any sync commits all earlier names and sizes",
    laws: [...always, "L6", "L9"],
  }),
  model({
    name: "prefix",
    grade: "realistic",
    summary: "all that was asked for up to some moment survives",
    laws: [...always, "L6", "L10", "L11", "L12"],
  }),
  model({
    name: "torn",
    grade: "realistic",
    summary: "as prefix, and the last write arrived in part",
    laws: [...always, "L6", "L10", "L11", "L12", "L13"],
  }),
  model({
    name: "cross",
    grade: "realistic",
    summary: "a newer file's pages were written back, an older file's were not",
    laws: [...always, "L6", "L10", "L14", "L15"],
  }),
  model({
    name: "metadata-first",
    grade: "realistic",
    summary: "new names survive before the bytes of their files",
    laws: [...always, "L6", "L10", "L11"],
  }),
  model({
    name: "strict",
    grade: "adversarial",
    summary: "only names whose folder was synced survive",
    laws: [...always, "L7", "L9"],
  }),
  model({
    name: "random-metadata",
    grade: "adversarial",
    summary: "any lawful set of unsynced names survives",
    laws: [...always, "L7", "L18"],
  }),
  model({
    name: "zero-filled",
    grade: "adversarial",
    summary: "sizes survive, unsynced bytes read as NUL",
    laws: [...always, "L6", "L10", "L11", "L16"],
  }),
  model({
    name: "pages",
    grade: "adversarial",
    summary: "any set of unsynced 4 KiB pages survives",
    laws: [...always, "L6", "L10", "L17"],
  }),
];

/** @throws RangeError that lists the models there are. */
export function diskModelNamed(name: string): DiskModel {
  const found = diskModels.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no disk model ${name}: there are ${diskModels.map((each) => each.name).join(", ")}`);
}

type Row = Pick<DiskModel, "name" | "grade" | "summary" | "laws"> & Partial<Pick<DiskModel, "readings">>;

function model(row: Row): DiskModel {
  const commits = row.laws.includes("L7") ? "own-sync" : "any-sync";
  return {
    readings: ["new", "old"],
    ...row,
    commits,
    pending: (journal, pointIndex, reading) => settle(journal, pointIndex, commits, reading).pending,
    tear: (op) => row.laws.reduce<readonly DiskOp[]>((parts, law) => parts.flatMap(tears[law] ?? whole), [op]),
    admits: (set) => row.laws.every((law) => predicates[law]?.(set) ?? true),
  };
}

// ── Into which parts ──────────────────────────────────────────────────────────────────────────────────────────────

type Tear = (op: DiskOp) => readonly DiskOp[];

const whole: Tear = (op) => [op];

const tears: Partial<Record<LawId, Tear>> = {
  L13: (op) => tearAt(sectorBytes, op),
  L16: (op) => (op.kind === "write" ? [{ kind: "size", index: op.index, inode: op.inode, growTo: op.to }, op] : [op]),
  L17: (op) => tearAt(pageBytes, op),
};

/** A write in parts that end at multiples of so many bytes of its file; anything else whole. */
export function tearAt(unitBytes: number, op: DiskOp): readonly DiskOp[] {
  return op.kind === "write" ? cutAtMultiplesOf(unitBytes, op) : [op];
}

function cutAtMultiplesOf(unitBytes: number, op: WriteOp): WriteOp[] {
  const parts: WriteOp[] = [];
  for (let from = op.from; from < op.to; ) {
    const to = Math.min(op.to, (Math.floor(from / unitBytes) + 1) * unitBytes);
    parts.push({ ...op, from, to });
    from = to;
  }
  return parts;
}

// ── Which of them together ────────────────────────────────────────────────────────────────────────────────────────

const predicates: Partial<Record<LawId, (set: SurvivorSet) => boolean>> = {
  L8: (set) => set.kept.every((kept) => kept),
  L9: (set) => !set.kept.some((kept) => kept),
  L10: (set) => inOrder(set, isMetadata) && noneWithout(set, isWrite, isMetadata),
  L11: (set) => inOrder(set, isWrite),
  L12: (set) => noneWithout(set, isMetadata, isWrite),
  L14: (set) => inOrder(set, isWrite, (op) => op.inode),
  L15: (set) =>
    set.ops.every((move, at) => !set.kept[at] || !namesAFile(move) || allKept(set, at, writesTo(move.inode))),
  L17: (set) => inOrder(set, isWrite, (op) => `${op.inode} ${Math.floor(op.from / pageBytes)}`),
  L18: (set) =>
    set.ops.every(
      (op, at) =>
        op.kind !== "name" ||
        !set.kept[at] ||
        allKept(set, at, (before) => before.kind === "name" && standsOn(op, before)),
    ) && allOrNone(set, (op) => op.kind !== "name"),
};

/** Whether one law, for itself, admits these survivors. */
export function holds(law: LawId, set: SurvivorSet): boolean {
  return predicates[law]?.(set) ?? true;
}

const isWrite = (op: DiskOp): op is WriteOp => op.kind === "write";
const writesTo = (inode: number) => (op: DiskOp) => isWrite(op) && op.inode === inode;
const namesAFile = (op: DiskOp) => op.kind === "name" && (op.record.kind === "rename" || op.record.kind === "link");

/** Within each group: once one is lost, none later is kept. */
function inOrder<T extends DiskOp>(
  set: SurvivorSet,
  of: ((op: DiskOp) => op is T) | ((op: DiskOp) => boolean),
  group: (op: T) => number | string = () => "",
): boolean {
  const lost = new Set<number | string>();
  return set.ops.every((op, at) => {
    if (!of(op)) return true;
    const key = group(op as T);
    if (set.kept[at]) return !lost.has(key);
    lost.add(key);
    return true;
  });
}

/** No kept one of these without all those that came before it. */
function noneWithout(set: SurvivorSet, these: (op: DiskOp) => boolean, those: (op: DiskOp) => boolean): boolean {
  let lost = false;
  return set.ops.every((op, at) => {
    if (those(op) && !set.kept[at]) lost = true;
    return !lost || !set.kept[at] || !these(op);
  });
}

function allKept(set: SurvivorSet, beforeAt: number, of: (op: DiskOp) => boolean): boolean {
  return set.ops.slice(0, beforeAt).every((op, at) => set.kept[at] || !of(op));
}

function allOrNone(set: SurvivorSet, of: (op: DiskOp) => boolean): boolean {
  const kept = set.ops.flatMap((op, at) => (of(op) ? [set.kept[at]] : []));
  return kept.every((each) => each) || !kept.some((each) => each);
}
