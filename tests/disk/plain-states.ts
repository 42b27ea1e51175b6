/**
 * Crash states the slow and obvious way: every set of pending operations, those that the model admits, and a tree that is
 * built anew from all that survived. What the sweep does cleverly is held against this.
 */
import type { DiskModel } from "../../harness/disk/disk-model.ts";
import { type Settlement, settle } from "../../harness/disk/disk-model.ts";
import type { DiskOp, Segment } from "../../harness/disk/disk-op.ts";
import { segmentsOf } from "../../harness/disk/stranded-pages.ts";
import { type Journal, rootInode } from "../../harness/recording/journal.ts";

/** By path; folders end with a slash and hold "". */
export type PlainTree = ReadonlyMap<string, string>;

/** A tree as one line of text, for comparison. */
export const treeText = (tree: PlainTree): string =>
  [...tree].map(([path, content]) => `${path}=${JSON.stringify(content)}`).join("\n");

/** More parts than this are not tried in all combinations: undefined then. */
const partsMax = 11;

export function plainStates(journal: Journal, pointIndex: number, model: DiskModel): Set<string> | undefined {
  const states = new Set<string>();
  for (const reading of model.readings) {
    const pending = model.pending(journal, pointIndex, reading);
    const durable = durableBeside(pending, settle(journal, pointIndex, model.commits, reading));
    const ops = pending.flatMap((op) => [...model.tear(op)]);
    if (ops.length > partsMax) return undefined;
    for (let bits = 0; bits < 2 ** ops.length; bits++) {
      const kept = ops.map((_, at) => ((bits >> at) & 1) === 1);
      if (model.admits({ ops, kept })) states.add(treeText(plainTree(journal, durable, keptOf(ops, kept))));
    }
  }
  return states;
}

/** What a model does not call pending it calls durable, rightly or not. */
function durableBeside(pending: readonly DiskOp[], settlement: Settlement): DiskOp[] {
  const indexes = new Set(pending.map((op) => op.index));
  return [...settlement.durable, ...settlement.pending].filter((op) => !indexes.has(op.index));
}

const keptOf = (ops: readonly DiskOp[], kept: readonly boolean[]) => ops.filter((_, at) => kept[at]);

/** The durable operations and these of the pending ones, in the order of time. */
export function plainTree(journal: Journal, durable: readonly DiskOp[], kept: readonly DiskOp[]): PlainTree {
  const files = new Map<number, Buffer>();
  const folders = new Map<number, Map<string, number>>([[rootInode, new Map()]]);
  const ops = [...durable, ...kept].sort((a, b) => a.index - b.index);
  for (const op of ops) {
    if (op.kind === "name") {
      for (const { slot, inode } of op.changes) {
        const folder = folders.get(slot.folder) ?? new Map<string, number>();
        folders.set(slot.folder, folder);
        if (inode === undefined) folder.delete(slot.name);
        else folder.set(slot.name, inode);
      }
    } else if (op.kind === "write") {
      for (const segment of segmentsOf(op.write)) put(journal, files, op.inode, segment, op.from, op.to);
    } else {
      const before = files.get(op.inode) ?? Buffer.alloc(0);
      files.set(op.inode, op.kind === "size" ? grown(before, op.growTo) : resized(before, op));
    }
  }
  return treeBelow(folders, files, isFolderIn(journal));
}

function put(journal: Journal, files: Map<number, Buffer>, inode: number, segment: Segment, from: number, to: number) {
  const start = Math.max(segment.offset, from);
  const end = Math.min(segment.offset + segment.length, to);
  if (start >= end) return;
  const first = segment.skip + start - segment.offset;
  const content = Buffer.from(grown(files.get(inode) ?? Buffer.alloc(0), end));
  content.set(journal.bytes(segment.record).subarray(first, first + end - start), start);
  files.set(inode, content);
}

const grown = (bytes: Buffer, size: number) =>
  bytes.length >= size ? bytes : Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);

function resized(bytes: Buffer, op: DiskOp & { kind: "resize" }): Buffer {
  const result = Buffer.from(bytes.subarray(0, op.cutTo ?? bytes.length));
  if (op.zero !== undefined) result.subarray(op.zero.from, op.zero.to).fill(0);
  return grown(result, op.growTo ?? 0);
}

function isFolderIn(journal: Journal): (inode: number) => boolean {
  const made = journal.records.flatMap((record) => (record.kind === "mkdir" ? [record.inode] : []));
  return (inode) => made.includes(inode);
}

function treeBelow(
  folders: ReadonlyMap<number, ReadonlyMap<string, number>>,
  files: ReadonlyMap<number, Buffer>,
  isFolder: (inode: number) => boolean,
): PlainTree {
  const tree = new Map<string, string>();
  const visit = (folder: number, prefix: string, above: readonly number[]): void => {
    if (above.includes(folder)) return;
    for (const [name, inode] of folders.get(folder) ?? []) {
      if (isFolder(inode)) tree.set(`${prefix}${name}/`, "");
      else tree.set(prefix + name, (files.get(inode) ?? Buffer.alloc(0)).toString("latin1"));
      if (isFolder(inode)) visit(inode, `${prefix}${name}/`, [...above, folder]);
    }
  };
  visit(rootInode, "", []);
  return new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}
