/**
 * Disk operations: what the records of a journal do to a disk, reduced to what a power cut can tell apart.
 *
 *     NameOp     a name appears, vanishes or moves            create mkdir symlink link unlink rmdir rename
 *     ResizeOp   a file is cut, grows by NULs, or is punched  truncate fallocate
 *     WriteOp    bytes arrive in a file, whole or in part     write
 *     SizeOp     a file's size, ahead of the bytes            (only torn off a write: see `zero-filled`)
 *
 * Names and sizes are *metadata*: a file system keeps a journal of them. Bytes are not in it. That is the difference on
 * which all disk models turn.
 */
import type {
  CreateRecord,
  FallocateRecord,
  JournalRecord,
  LinkRecord,
  MkdirRecord,
  RenameRecord,
  RmdirRecord,
  SymlinkRecord,
  TruncateRecord,
  UnlinkRecord,
  WriteRecord,
} from "../recording/journal.ts";

export type NameRecord =
  | CreateRecord
  | MkdirRecord
  | SymlinkRecord
  | LinkRecord
  | UnlinkRecord
  | RmdirRecord
  | RenameRecord;

/** One entry of one folder: the place where a name stands. */
export interface Slot {
  readonly folder: number;
  readonly name: string;
}

/** Atomic (L4): all its slots change, or none. */
export interface NameOp {
  readonly kind: "name";
  /** Of the record, in the journal. Rises along any list of operations, except among parts of one write. */
  readonly index: number;
  readonly inode: number;
  readonly record: NameRecord;
  /** In the order in which they change. */
  readonly changes: readonly SlotChange[];
}

/** What stands in a slot from then on, whatever stood there; absent: nothing. */
export interface SlotChange {
  readonly slot: Slot;
  readonly inode?: number;
}

/** What a truncate or fallocate did at the time: cut, then zero, then grow. One that changed nothing is no operation. */
export interface ResizeOp {
  readonly kind: "resize";
  readonly index: number;
  readonly inode: number;
  readonly record: TruncateRecord | FallocateRecord;
  readonly cutTo?: number;
  readonly zero?: { readonly from: number; readonly to: number };
  readonly growTo?: number;
}

/** Bytes of a recorded write that stand from `offset` of the file; the first `skip` bytes of the write are not among them. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
  readonly record: WriteRecord;
  readonly skip: number;
}

/** A write as it lies in the page cache, before anything tears it. */
export interface FileWrite {
  readonly index: number;
  readonly inode: number;
  readonly record: WriteRecord;
  /** Where the bytes begin and end in the file, older ones included. */
  readonly from: number;
  readonly to: number;
  /** What a failed sync had left behind on the same pages, and this write makes due again (L3). Under its own bytes. */
  readonly older: readonly Segment[];
}

/** A write, or what is between two offsets of it. */
export interface WriteOp {
  readonly kind: "write";
  readonly index: number;
  readonly inode: number;
  readonly write: FileWrite;
  readonly from: number;
  readonly to: number;
}

export interface SizeOp {
  readonly kind: "size";
  readonly index: number;
  readonly inode: number;
  readonly growTo: number;
}

export type DiskOp = NameOp | ResizeOp | WriteOp | SizeOp;

export const isMetadata = (op: DiskOp): boolean => op.kind !== "write";

// ── From records ──────────────────────────────────────────────────────────────────────────────────────────────────

const none: readonly Segment[] = [];

export function writeOf(index: number, record: WriteRecord, older: readonly Segment[] = none): FileWrite {
  let from = record.offset;
  let to = record.offset + record.length;
  for (const segment of older) {
    from = Math.min(from, segment.offset);
    to = Math.max(to, segment.offset + segment.length);
  }
  return { index, inode: record.inode, record, from, to, older };
}

export function wholeWrite(write: FileWrite): WriteOp {
  return { kind: "write", index: write.index, inode: write.inode, write, from: write.from, to: write.to };
}

/** Undefined when nothing changed, as when a file is cut to the size that it has. */
export function resizeOf(
  index: number,
  record: TruncateRecord | FallocateRecord,
  sizeBefore: number,
): ResizeOp | undefined {
  const op = { kind: "resize", index, inode: record.inode, record } as const;
  if (record.kind === "truncate") {
    if (record.size === sizeBefore) return undefined;
    return record.size < sizeBefore ? { ...op, cutTo: record.size } : { ...op, growTo: record.size };
  }
  const end = record.offset + record.length;
  const grows = end > sizeBefore && (record.effect === "allocate" || record.effect === "zero");
  const zeroTo = Math.min(end, sizeBefore);
  const zeroes = (record.effect === "punch" || record.effect === "zero") && zeroTo > record.offset;
  if (!grows && !zeroes) return undefined;
  return { ...op, ...(zeroes && { zero: { from: record.offset, to: zeroTo } }), ...(grows && { growTo: end }) };
}

export const isName = (record: JournalRecord): record is NameRecord => nameKinds.has(record.kind);

const nameKinds: ReadonlySet<string> = new Set<NameRecord["kind"]>([
  "create",
  "mkdir",
  "symlink",
  "link",
  "unlink",
  "rmdir",
  "rename",
]);

export function nameOf(index: number, record: NameRecord): NameOp {
  return { kind: "name", index, inode: record.inode, record, changes: changesOf(record) };
}

function changesOf(record: NameRecord): SlotChange[] {
  const slot = { folder: record.parent, name: baseName(record.path) };
  switch (record.kind) {
    case "create":
    case "mkdir":
    case "symlink":
    case "link":
      return [{ slot, inode: record.inode }];
    case "unlink":
    case "rmdir":
      return [{ slot }];
    case "rename": {
      const from = { folder: record.fromParent, name: baseName(record.fromPath) };
      const arrival = { slot, inode: record.inode };
      if (record.exchange !== undefined && record.replaced !== undefined) {
        return [{ slot: from, inode: record.replaced }, arrival];
      }
      return [{ slot: from }, arrival];
    }
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Whether `op` stands on what `before` did: in the same place, or in the folder that it made (L7). */
export function standsOn(op: NameOp, before: NameOp): boolean {
  return op.changes.some(
    ({ slot }) =>
      (before.record.kind === "mkdir" && before.inode === slot.folder) ||
      before.changes.some(({ slot: other }) => other.folder === slot.folder && other.name === slot.name),
  );
}
