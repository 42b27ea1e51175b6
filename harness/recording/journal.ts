/**
 * The journal: what the disk was asked, in order. One track of a recording; the other is the history.
 *
 *     index   0        1       2        3         4       5          6         7
 *     ────────┬────────┬───────┬────────┬─────────┬───────┬──────────┬─────────┬─────────▶ stampNs
 *           mkdir   create   write  sync-start  write  sync-end   rename   sync-start …
 *            dir    dir/a     a │     a         a │      a      dir/a→dir/b   dir
 *                               └── covered ──────┼──────┘
 *                                                 └── begun too late: pending until the next sync of `a` ends
 *
 * A sync is two records, because it covers what was written before it *started* and makes it durable when it *ends*
 * (S4). A record is stamped before the store is answered (S2), so what the store knew to be done is always in here.
 *
 * Who writes a journal (a file system in user space, a simulated disk, a block device) does not matter to who reads it:
 *
 *  - Inodes are numbered, the volume's root folder is `rootInode`. A number is never used again in one journal. Every
 *    record names the inode it changed and the path under which that was known at that moment, relative to the root:
 *    `""` is the root itself. A path is absent when the file has no name any more but is still open.
 *  - Records that change a name carry the inode of the folder: a folder's sync is what makes them durable, and it may
 *    itself be renamed.
 *  - Only what was done is here: a refused operation changes nothing and leaves no record, a short write is recorded
 *    with the bytes that were taken. A sync that failed is a `sync-end` that is not ok.
 *  - Owners, permissions and times are not recorded: no store's recovery reads them.
 *  - Bytes are kept once. A write names where its bytes begin in the journal's data, and `Journal.bytes` fetches them.
 */
import type { StampNs } from "./stamp.ts";

export const rootInode = 1;

interface Stamped {
  readonly stampNs: StampNs;
  /** The thread that asked, so that a store's main thread, its sync thread and its saver can be told apart. 0: unknown. */
  readonly tid: number;
}

interface OfInode extends Stamped {
  readonly inode: number;
  readonly path?: string;
}

interface OfName extends Stamped {
  readonly inode: number;
  readonly path: string;
  /** Inode of the folder that holds the name. */
  readonly parent: number;
}

/** A new name for a new inode. Sockets and pipes are made by some stores; they hold no bytes. */
export interface CreateRecord extends OfName {
  readonly kind: "create";
  readonly type: "file" | "socket" | "pipe";
}

export interface MkdirRecord extends OfName {
  readonly kind: "mkdir";
}

export interface SymlinkRecord extends OfName {
  readonly kind: "symlink";
  readonly target: string;
}

/** A further name for an inode that has one. */
export interface LinkRecord extends OfName {
  readonly kind: "link";
}

/** The name is gone; the inode lives on while it has another, or is open. */
export interface UnlinkRecord extends OfName {
  readonly kind: "unlink";
}

export interface RmdirRecord extends OfName {
  readonly kind: "rmdir";
}

/** Atomic: whoever looks finds the old name or the new one. */
export interface RenameRecord extends OfName {
  readonly kind: "rename";
  readonly fromPath: string;
  readonly fromParent: number;
  /** What bore the name `path` before, if anything did. */
  readonly replaced?: number;
  /** The two names changed places: `replaced` is now at `fromPath` (RENAME_EXCHANGE). */
  readonly exchange?: true;
}

export interface WriteRecord extends OfInode {
  readonly kind: "write";
  /** Where in the file. */
  readonly offset: number;
  readonly length: number;
  /** Where in the journal's data. */
  readonly dataOffset: number;
}

/** The file was cut, or grew by NULs, to `size` bytes: truncate, ftruncate, O_TRUNC. */
export interface TruncateRecord extends OfInode {
  readonly kind: "truncate";
  readonly size: number;
}

/**
 * What fallocate did. `allocate`: grew to `offset + length` by NULs if shorter. `reserve`: neither size nor bytes
 * changed. `punch`: the range reads as NULs, the size is kept. `zero`: as punch, and grew if shorter.
 */
export interface FallocateRecord extends OfInode {
  readonly kind: "fallocate";
  readonly effect: "allocate" | "reserve" | "punch" | "zero";
  readonly offset: number;
  readonly length: number;
}

/** A sync was asked for. It covers every record of its inode before this one. */
export interface SyncStartRecord extends OfInode {
  readonly kind: "sync-start";
  /** `data`: fdatasync. `file`: fsync. `directory`: fsync of a folder, which covers the names in it. */
  readonly scope: "data" | "file" | "directory";
}

/**
 * That sync is over: what it covered is durable, or, when not ok, its bytes are covered by no later sync either (S4).
 * A `sync-start` without an end was still on its way when the journal ended.
 */
export interface SyncEndRecord extends OfInode {
  readonly kind: "sync-end";
  /** Index of its `sync-start` in the journal. */
  readonly start: number;
  readonly ok: boolean;
}

/**
 * All that came before is durable, as if every inode had been synced: what the harness itself laid down before a store
 * started, or what a power cut has settled (S7). No crash point lies before the last of these.
 */
export interface SettledRecord extends Stamped {
  readonly kind: "settled";
}

/** A disk fault struck here. It says when and why; what it did to the disk is in the records around it. */
export interface FaultRecord extends Stamped {
  readonly kind: "fault";
  /** Name of the fault as it was asked for. */
  readonly fault: string;
  readonly operation: DiskOperation;
  readonly path: string;
}

export type JournalRecord =
  | CreateRecord
  | MkdirRecord
  | SymlinkRecord
  | LinkRecord
  | UnlinkRecord
  | RmdirRecord
  | RenameRecord
  | WriteRecord
  | TruncateRecord
  | FallocateRecord
  | SyncStartRecord
  | SyncEndRecord
  | SettledRecord
  | FaultRecord;

/** What a store can ask of a disk, as faults and triggers name it. */
export const diskOperations = [
  "open",
  "read",
  "write",
  "create",
  "mkdir",
  "truncate",
  "fallocate",
  "rename",
  "link",
  "unlink",
  "rmdir",
  "fdatasync",
  "fsync",
  "fsyncdir",
] as const;

export type DiskOperation = (typeof diskOperations)[number];

/** Where bytes are in the journal's data. */
export type Kept = Pick<WriteRecord, "dataOffset" | "length">;

/** About 0.2 KB of memory a record; bytes are fetched when asked for. */
export interface Journal {
  readonly records: readonly JournalRecord[];
  /** The file that the data is in, where it is in one: `dataOffset` counts in it. An absolute path. */
  readonly dataFile?: string;
  /** What a write wrote, or any other run of the journal's data. For reading only: it may be a view of shared memory. */
  bytes(kept: Kept): Uint8Array;
}
