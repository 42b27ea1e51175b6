/**
 * What a disk does when it is asked, written down as it does it: every operation is checked, recorded in the journal and
 * applied to the live tree in one step, so that the journal's order is the order in which things happened.
 *
 * It knows nothing of the kernel's protocol nor of faults; those stand in front of it (`recording-fs.ts`).
 */

import { FileTree, type Inode, type InodeType } from "../disk/file-tree.ts";
import type { Extent } from "../disk/sparse-bytes.ts";
import { type JournalRecord, rootInode, type SyncStartRecord } from "../recording/journal.ts";
import type { JournalWriter, Unstamped } from "../recording/journal-file.ts";
import { errno } from "./fuse-protocol.ts";

/** The operation is not lawful, or the disk is full. `code` is positive, as in errno(3). */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;

  constructor(code: number) {
    super(`errno ${code}`);
    this.code = code;
  }
}

export type NewNode =
  | { readonly type: Exclude<InodeType, "directory" | "symlink"> }
  | { readonly type: "directory" }
  | { readonly type: "symlink"; readonly target: string };

const renameNoReplace = 1;
const renameExchange = 2;
const nameBytesMax = 255;
/** Holds an offset that a journal's number still tells apart from its neighbours. */
const fileBytesMax = 2 ** 52;

export class Recorder {
  readonly tree: FileTree;
  /** Bytes that may be allocated in all; a write beyond is short, then ENOSPC. */
  capacity: () => number = () => Number.POSITIVE_INFINITY;
  /** Told before an operation is cut short or refused for want of room. */
  whenFull: (tid: number, operation: "write" | "fallocate", path: string) => void = () => undefined;
  readonly #journal: JournalWriter;

  /** @param before what the journal holds already. */
  constructor(journal: JournalWriter, before: Iterable<JournalRecord>) {
    this.#journal = journal;
    this.tree = new FileTree(journal);
    this.tree.replay(before);
    const nowMs = Date.now();
    for (const [, inode] of [["", this.tree.root] as const, ...this.tree.walk()]) {
      inode.mode = inode.type === "directory" ? 0o755 : 0o644;
      inode.uid = process.getuid?.() ?? 0;
      inode.gid = process.getgid?.() ?? 0;
      inode.accessedMs = inode.modifiedMs = inode.changedMs = nowMs;
    }
  }

  get recordCount(): number {
    return this.#journal.count;
  }

  /** @throws Refusal with ENOENT or ESTALE. */
  inode(number: number): Inode {
    const inode = this.tree.inode(number);
    if (inode === undefined) throw new Refusal(errno.ESTALE);
    return inode;
  }

  make(tid: number, parent: Inode, name: string, node: NewNode): Inode {
    this.#checkNewName(parent, name);
    const number = this.tree.nextNumber;
    const path = this.tree.pathIn(parent, name);
    const named = { tid, inode: number, parent: parent.number, path };
    if (node.type === "directory") this.#commit({ kind: "mkdir", ...named });
    else if (node.type === "symlink") this.#commit({ kind: "symlink", ...named, target: node.target });
    else this.#commit({ kind: "create", ...named, type: node.type });
    touch(parent);
    const inode = this.inode(number);
    inode.accessedMs = inode.modifiedMs = inode.changedMs = Date.now();
    return inode;
  }

  /** A file at the root whose bytes stay where they are. What is written to it later is recorded as any write. */
  place(name: string, size: number, extents: Iterable<Extent>): void {
    this.tree.fill(this.make(0, this.tree.root, name, { type: "file" }), size, extents);
  }

  link(tid: number, inode: Inode, parent: Inode, name: string): void {
    this.#checkNewName(parent, name);
    const path = this.tree.pathIn(parent, name);
    this.#commit({ kind: "link", tid, inode: inode.number, parent: parent.number, path });
    touch(parent);
    inode.changedMs = Date.now();
  }

  remove(tid: number, parent: Inode, name: string, kind: "unlink" | "rmdir"): void {
    const inode = parent.entries.get(name);
    if (inode === undefined) throw new Refusal(errno.ENOENT);
    if (kind === "rmdir" && inode.type !== "directory") throw new Refusal(errno.ENOTDIR);
    if (kind === "unlink" && inode.type === "directory") throw new Refusal(errno.EISDIR);
    if (inode.entries.size > 0) throw new Refusal(errno.ENOTEMPTY);
    const path = this.tree.pathIn(parent, name);
    this.#commit({ kind, tid, inode: inode.number, parent: parent.number, path });
    touch(parent);
    inode.changedMs = Date.now();
  }

  /** @param flags as of renameat2(2). */
  rename(tid: number, fromParent: Inode, from: string, parent: Inode, name: string, flags: number): void {
    if ((flags & ~(renameNoReplace | renameExchange)) !== 0) throw new Refusal(errno.EINVAL);
    if (Buffer.byteLength(name) > nameBytesMax) throw new Refusal(errno.ENAMETOOLONG);
    const exchange = (flags & renameExchange) !== 0;
    const inode = fromParent.entries.get(from);
    const replaced = parent.entries.get(name);
    if (inode === undefined || (exchange && replaced === undefined)) throw new Refusal(errno.ENOENT);
    if (replaced !== undefined && (flags & renameNoReplace) !== 0) throw new Refusal(errno.EEXIST);
    if (replaced !== undefined && replaced.entries.size > 0 && !exchange) throw new Refusal(errno.ENOTEMPTY);
    // Two names of one inode: POSIX has nothing happen, and both stay.
    if (replaced === inode) return;
    this.#commit({
      kind: "rename",
      tid,
      inode: inode.number,
      parent: parent.number,
      path: this.tree.pathIn(parent, name),
      fromParent: fromParent.number,
      fromPath: this.tree.pathIn(fromParent, from),
      ...(replaced !== undefined && { replaced: replaced.number }),
      ...(exchange && { exchange }),
    });
    touch(fromParent);
    touch(parent);
    inode.changedMs = Date.now();
  }

  /**
   * Returns the bytes taken: fewer than given when the disk is full.
   * @throws Refusal with ENOSPC when it takes none.
   */
  write(tid: number, inode: Inode, offset: number, bytes: Uint8Array): number {
    if (offset + bytes.length > fileBytesMax) throw new Refusal(errno.EFBIG);
    const length = this.#fits(inode, offset, bytes.length);
    if (length < bytes.length) this.whenFull(tid, "write", this.tree.pathOf(inode) ?? "");
    if (bytes.length === 0) return 0;
    if (length === 0) throw new Refusal(errno.ENOSPC);
    const kept = this.#journal.keep(length === bytes.length ? bytes : bytes.subarray(0, length));
    this.#commit({ kind: "write", tid, ...this.#named(inode), offset, ...kept });
    touch(inode);
    return length;
  }

  truncate(tid: number, inode: Inode, size: number): void {
    if (size > fileBytesMax) throw new Refusal(errno.EFBIG);
    if (size !== inode.bytes.size) this.#commit({ kind: "truncate", tid, ...this.#named(inode), size });
    touch(inode);
  }

  fallocate(
    tid: number,
    inode: Inode,
    effect: "allocate" | "reserve" | "punch" | "zero",
    offset: number,
    length: number,
  ): void {
    if (offset + length > fileBytesMax) throw new Refusal(errno.EFBIG);
    const grows = effect === "allocate" || effect === "reserve";
    if (grows && this.#fits(inode, offset, length) < length) {
      this.whenFull(tid, "fallocate", this.tree.pathOf(inode) ?? "");
      throw new Refusal(errno.ENOSPC);
    }
    this.#commit({ kind: "fallocate", tid, ...this.#named(inode), effect, offset, length });
    touch(inode);
  }

  /** Returns what `syncEnded` wants to know. */
  syncStarted(tid: number, inode: Inode, scope: SyncStartRecord["scope"]): number {
    return this.#commit({ kind: "sync-start", tid, ...this.#named(inode), scope });
  }

  syncEnded(tid: number, inode: Inode, start: number, ok: boolean): void {
    this.#commit({ kind: "sync-end", tid, ...this.#named(inode), start, ok });
  }

  /** For records that change nothing: faults, and what the harness settles. */
  note(record: Extract<Unstamped, { kind: "fault" | "settled" }>): void {
    this.#commit(record);
  }

  flush(): void {
    this.#journal.flush();
  }

  #commit(record: Unstamped): number {
    const index = this.#journal.record(record);
    this.tree.apply(record);
    return index;
  }

  #named(inode: Inode): { inode: number; path?: string } {
    const path = this.tree.pathOf(inode);
    return path === undefined ? { inode: inode.number } : { inode: inode.number, path };
  }

  #checkNewName(parent: Inode, name: string): void {
    if (Buffer.byteLength(name) > nameBytesMax) throw new Refusal(errno.ENAMETOOLONG);
    if (parent.entries.has(name)) throw new Refusal(errno.EEXIST);
    if (parent.number !== rootInode && parent.names.length === 0) throw new Refusal(errno.ENOENT);
  }

  /** How much of a write from `offset` on the disk has room for. */
  #fits(inode: Inode, offset: number, length: number): number {
    const room = this.capacity() - this.tree.allocated;
    if (room >= length) return length;
    if (inode.bytes.holesIn(offset, offset + length) <= room) return length;
    // What is overwritten costs nothing; the holes behind it are filled until the room is used up.
    let [low, high] = [0, length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (inode.bytes.holesIn(offset, offset + middle) <= room) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function touch(inode: Inode): void {
  inode.modifiedMs = inode.changedMs = Date.now();
}
