/**
 * A sighting: what a file system made of its disk after one power cut, held against what it had been asked until then.
 * Every operation of the drill is told to have survived or not, from the names and bytes that are there:
 *
 *     asked     create tmp   write tmp   rename tmp→f   sync c
 *     found     c: all there                f: 10,000 NULs
 *     so        create ●     write ○     rename ●                 size of tmp ●
 *
 * No two writes of a drill have the same bytes, and no file holds the bytes of another, so a file is known by what is in
 * it, whatever its name has become.
 */
import { type CommitRule, type DiskModel, type Settlement, settle } from "../../disk/disk-model.ts";
import { type DiskOp, isName, type NameOp, nameOf, type WriteOp, wholeWrite, writeOf } from "../../disk/disk-op.ts";
import type { Image } from "../../disk/image.ts";
import { type Journal, type JournalRecord, rootInode, type WriteRecord } from "../../recording/journal.ts";

/** `part`: neither all of the bytes are there nor none. */
export type Fate = "kept" | "lost" | "part";

interface FoundFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export class Sighting {
  /** Of the drill, as far as it had come when the power went. */
  readonly journal: Journal;
  readonly pointIndex: number;
  /** The power stayed: only the process was killed. */
  readonly isLive: boolean;
  /** The names that are there come from no set of the changes that were asked for. */
  readonly strangeNames: boolean;
  /** A byte is there that is neither NUL nor what was ever written to that place. */
  readonly strangeBytes: boolean;
  readonly #files = new Map<number, FoundFile>();
  readonly #namesKept: ReadonlySet<number>;

  readonly #admitted = new Map<DiskModel, boolean>();
  readonly #settlements = new Map<CommitRule, Settlement>();

  constructor(journal: Journal, pointIndex: number, found: Image, isLive = false) {
    this.journal = journal;
    this.pointIndex = pointIndex;
    this.isLive = isLive;
    const tree = new Map<string, number>();
    let strange = false;
    for (const [path, node] of found) {
      const candidates = inodesEverAt(journal, path).filter((inode) => this.#fits(inode, path, found));
      const inode = candidates.find((candidate) => this.#hasSettledBytes(candidate, path, found)) ?? candidates[0];
      if (inode === undefined) strange = true;
      else {
        tree.set(path, inode);
        if (node.kind === "file") this.#files.set(inode, { path, bytes: node.bytes });
      }
    }
    this.strangeBytes = strange;
    const names = this.pending("own-sync").filter((op): op is NameOp => op.kind === "name");
    const kept = strange ? undefined : namesThatLead(durableNames(journal, pointIndex, names), names, tree);
    this.strangeNames = !strange && kept === undefined;
    this.#namesKept = kept ?? new Set();
  }

  /** What is not durable, in the order of time, under the reading that a failed sync makes nothing durable (L3). */
  pending(rule: CommitRule): readonly DiskOp[] {
    return this.#settlement(rule).pending;
  }

  durable(rule: CommitRule): readonly DiskOp[] {
    return this.#settlement(rule).durable;
  }

  /** All that were asked for, whatever became of them. */
  writes(): readonly WriteOp[] {
    return this.journal.records
      .slice(0, this.pointIndex)
      .flatMap((record, index) => (record.kind === "write" ? [wholeWrite(writeOf(index, record))] : []));
  }

  fate(op: DiskOp): Fate {
    if (op.kind === "name") return this.#isDurableName(op) || this.#namesKept.has(op.index) ? "kept" : "lost";
    if (op.kind === "size") return this.#sizeOf(op.inode) >= op.growTo ? "kept" : "lost";
    if (op.kind === "write") return this.#fateOfWrite(op);
    throw new Error("no drill resizes a file");
  }

  /** The operations into which a model tears what is pending, and which of them survived; undefined: one did in part. */
  survivors({ commits, tear }: Pick<DiskModel, "commits" | "tear">) {
    const ops = this.pending(commits).flatMap((op) => [...tear(op)]);
    const fates = ops.map((op) => this.fate(op));
    return fates.includes("part") ? undefined : { ops, kept: fates.map((fate) => fate === "kept") };
  }

  /** Whether this is among the states that the model says may be left. */
  isAdmittedBy(model: DiskModel): boolean {
    const known = this.#admitted.get(model) ?? this.#admits(model);
    this.#admitted.set(model, known);
    return known;
  }

  /** Whether the file still has a name. What has none cannot be looked at: whether that may be, the names tell. */
  isThere(op: DiskOp): boolean {
    return op.kind === "name" || this.#files.has(op.inode);
  }

  #admits(model: DiskModel): boolean {
    if (this.strangeBytes || this.strangeNames) return false;
    const survivors = this.survivors(model);
    if (survivors === undefined || !model.admits(survivors)) return false;
    return this.durable(model.commits).every((op) => !this.isThere(op) || this.fate(op) === "kept");
  }

  #isDurableName(op: NameOp): boolean {
    return this.durable("own-sync").some(({ index }) => index === op.index);
  }

  #settlement(rule: CommitRule): Settlement {
    const known = this.#settlements.get(rule) ?? settle(this.journal, this.pointIndex, rule, "old");
    this.#settlements.set(rule, known);
    return known;
  }

  #sizeOf(inode: number): number {
    return this.#files.get(inode)?.bytes.length ?? 0;
  }

  #fateOfWrite({ inode, from, to, write }: WriteOp): Fate {
    const there = (this.#files.get(inode)?.bytes ?? new Uint8Array()).subarray(from, to);
    const { record } = write;
    const asked = this.journal.bytes(record).subarray(from - record.offset, to - record.offset);
    if (there.length === asked.length && Buffer.compare(there, asked) === 0) return "kept";
    return there.some((byte, at) => byte === asked[at]) ? "part" : "lost";
  }

  /** Whether what is at `path` may be this file or folder: every byte of it was asked for, or is NUL. */
  #fits(inode: number, path: string, found: Image): boolean {
    const node = found.get(path);
    const maker = this.journal.records.find((record) => isMaker(record) && record.inode === inode);
    if (node === undefined || (node.kind === "directory") !== (maker?.kind === "mkdir")) return false;
    if (node.kind === "directory") return true;
    const asked = bytesOf(writesTo(this.journal, inode, this.pointIndex), this.journal);
    return node.bytes.every((byte, at) => byte === 0 || byte === asked[at]);
  }

  #hasSettledBytes(inode: number, path: string, found: Image): boolean {
    const node = found.get(path);
    if (node?.kind !== "file") return true;
    const settledTo = this.journal.records.findLastIndex(({ kind }) => kind === "settled");
    const settled = bytesOf(writesTo(this.journal, inode, settledTo), this.journal);
    return Buffer.compare(node.bytes.subarray(0, settled.length), settled) === 0;
  }
}

const isMaker = (record: JournalRecord) => record.kind === "create" || record.kind === "mkdir";

function writesTo({ records }: Journal, inode: number, beforeIndex: number): WriteRecord[] {
  return records
    .slice(0, beforeIndex)
    .filter((record): record is WriteRecord => record.kind === "write" && record.inode === inode);
}

function bytesOf(writes: readonly WriteRecord[], journal: Journal): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, ...writes.map(({ offset, length }) => offset + length)));
  for (const record of writes) bytes.set(journal.bytes(record), record.offset);
  return bytes;
}

/** The newest first: a name that was taken over says that the change survived, where the bytes leave it open. */
function inodesEverAt({ records }: Journal, path: string): number[] {
  return records.flatMap((record) => (isName(record) && record.path === path ? [record.inode] : [])).reverse();
}

function durableNames(journal: Journal, pointIndex: number, pending: readonly NameOp[]): NameOp[] {
  const isPending = new Set(pending.map(({ index }) => index));
  return journal.records
    .slice(0, pointIndex)
    .flatMap((record, index) => (isName(record) && !isPending.has(index) ? [nameOf(index, record)] : []));
}

/** Which of the pending changes lead from the durable ones to this tree; as many as can be. Undefined: none do. */
function namesThatLead(
  durable: readonly NameOp[],
  pending: readonly NameOp[],
  found: ReadonlyMap<string, number>,
): ReadonlySet<number> | undefined {
  const wanted = textOf(found);
  for (let bits = 2 ** pending.length - 1; bits >= 0; bits--) {
    const kept = pending.filter((_, at) => ((bits >> at) & 1) === 1);
    if (textOf(treeOf([...durable, ...kept])) === wanted) return new Set(kept.map(({ index }) => index));
  }
  return undefined;
}

function treeOf(changes: readonly NameOp[]): Map<string, number> {
  const folders = new Map<number, Map<string, number>>([[rootInode, new Map()]]);
  for (const { changes: slots } of [...changes].sort((one, other) => one.index - other.index)) {
    for (const { slot, inode } of slots) {
      const folder = folders.get(slot.folder) ?? new Map<string, number>();
      folders.set(slot.folder, folder);
      if (inode === undefined) folder.delete(slot.name);
      else folder.set(slot.name, inode);
    }
  }
  const tree = new Map<string, number>();
  const walk = (folder: number, prefix: string): void => {
    for (const [name, inode] of folders.get(folder) ?? []) {
      tree.set(prefix + name, inode);
      walk(inode, `${prefix}${name}/`);
    }
  };
  walk(rootInode, "");
  return tree;
}

const textOf = (tree: ReadonlyMap<string, number>): string =>
  [...tree]
    .map(([path, inode]) => `${path}=${inode}`)
    .sort()
    .join("\n");
