/**
 * The recorded volume as the kernel sees it: each request of the protocol becomes an operation of the recorder, with the
 * armed faults in between.
 *
 *     request ──▶ decode ──▶ gate: faults? ──no──▶ do it, record it, answer        one step, nothing awaited
 *                                └──────────yes──▶ kill, hold, refuse … (fault-gate.ts)
 *
 * What is not answered here gets ENOSYS, which the kernel remembers and from then on does without us: right for extended
 * attributes (else one is asked for before every write), FLUSH (close(2) makes nothing durable), locks (the kernel's own
 * are right: this machine is alone on the volume) and copies of ranges (they fall back to reads and writes). Never for
 * FSYNC and FSYNCDIR: the kernel would from then on say by itself that syncs succeed.
 */
import type { Interference } from "../disk/disk-fault.ts";
import type { Inode, InodeType } from "../disk/file-tree.ts";
import type { FallocateRecord } from "../recording/journal.ts";
import type { FaultGate } from "./fault-gate.ts";
import {
  answerHeaderBytes,
  errno,
  modeBits,
  opcode,
  putAttributes,
  putCreated,
  putDirectoryEntry,
  putEntry,
  putOpened,
  putStatfs,
  putWritten,
  readAttributeChange,
  readCount,
  readNames,
  type SpaceOfDisk,
} from "./fuse-protocol.ts";
import type { FuseRequest, RequestHandler } from "./fuse-session.ts";
import { type NewNode, type Recorder, Refusal } from "./recorder.ts";

const openTruncates = 0o1000;
const createExclusively = 0o200;
const blockBytes = 4096;

/** Modes of fallocate(2). The kernel refuses the others itself. */
const fallocateEffects = new Map<number, FallocateRecord["effect"]>([
  [0, "allocate"],
  [1, "reserve"],
  [2 | 1, "punch"],
  [16, "zero"],
  [16 | 1, "punch"],
]);

/** A folder as it was when it was opened, so that a listing neither skips nor repeats while names come and go. */
type Listing = readonly { readonly name: string; readonly inode: number; readonly type: InodeType }[];

export class RecordingFs implements Omit<RequestHandler, "mayBlock"> {
  readonly #recorder: Recorder;
  readonly #gate: FaultGate;
  readonly #fail: (request: FuseRequest, error: unknown) => void;
  readonly #diskFreeBytes: () => number;
  readonly #operations: ReadonlyMap<number, (request: FuseRequest) => void> = new Map([
    [opcode.lookup, (request) => this.#lookUp(request)],
    [opcode.forget, (request) => this.#forget(request)],
    [opcode.batchForget, (request) => this.#forgetMany(request)],
    [opcode.getattr, (request) => request.answer(putAttributes(request.out, this.#inode(request)))],
    [opcode.setattr, (request) => this.#setAttributes(request)],
    [opcode.readlink, (request) => request.answer(request.out.write(this.#inode(request).target, answerHeaderBytes))],
    [opcode.symlink, (request) => this.#symlink(request)],
    [opcode.mknod, (request) => this.#mknod(request)],
    [opcode.mkdir, (request) => this.#mkdir(request)],
    [opcode.unlink, (request) => this.#remove(request, "unlink")],
    [opcode.rmdir, (request) => this.#remove(request, "rmdir")],
    [opcode.rename, (request) => this.#rename(request, 0, 8)],
    [opcode.rename2, (request) => this.#rename(request, request.body.readUInt32LE(8), 16)],
    [opcode.link, (request) => this.#link(request)],
    [opcode.open, (request) => this.#open(request, this.#inode(request), request.body.readUInt32LE(0), false)],
    [opcode.create, (request) => this.#create(request)],
    [opcode.read, (request) => this.#read(request)],
    [opcode.write, (request) => this.#write(request)],
    [opcode.fallocate, (request) => this.#fallocate(request)],
    [opcode.release, (request) => this.#close(request)],
    [opcode.fsync, (request) => this.#sync(request)],
    [opcode.fsyncdir, (request) => this.#gate.sync(request, "fsyncdir", this.#inode(request), "directory")],
    [opcode.opendir, (request) => this.#openFolder(request)],
    [opcode.readdir, (request) => this.#readFolder(request)],
    [opcode.releasedir, (request) => this.#closeFolder(request)],
    [opcode.statfs, (request) => request.answer(putStatfs(request.out, this.#space()))],
    [opcode.destroy, (request) => request.answer(0)],
  ]);
  readonly #listings = new Map<number, Listing>();
  #lastHandle = 0;
  #cutShort: { readonly tid: number; readonly inode: Inode; readonly offset: number } | undefined;

  /**
   * @param fail answers a request that could not be done.
   * @param diskFreeBytes the room there is for the journal, which is the room there is for everything.
   */
  constructor(
    recorder: Recorder,
    gate: FaultGate,
    fail: (request: FuseRequest, error: unknown) => void,
    diskFreeBytes: () => number,
  ) {
    this.#recorder = recorder;
    this.#gate = gate;
    this.#fail = fail;
    this.#diskFreeBytes = diskFreeBytes;
  }

  interrupt(unique: number): boolean {
    return this.#gate.interrupt(unique);
  }

  handle(request: FuseRequest): void {
    const serve = this.#operations.get(request.header.opcode);
    try {
      if (serve === undefined) request.refuse(errno.ENOSYS);
      else serve(request);
    } catch (error) {
      this.#fail(request, error);
    }
  }

  // ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #lookUp(request: FuseRequest): void {
    const found = this.#inode(request).entries.get(this.#name(request.body, 0));
    if (found === undefined) throw new Refusal(errno.ENOENT);
    found.lookups++;
    request.answer(putEntry(request.out, found));
  }

  #symlink(request: FuseRequest): void {
    const [name = "", target = ""] = this.#names(request.body, 0, 2);
    this.#make(request, name, 0o777, { type: "symlink", target });
  }

  #mknod(request: FuseRequest): void {
    const mode = request.body.readUInt32LE(0);
    this.#make(request, this.#name(request.body, 16), mode, { type: nodeType(mode) });
  }

  #mkdir(request: FuseRequest): void {
    this.#make(request, this.#name(request.body, 8), request.body.readUInt32LE(0), { type: "directory" });
  }

  /** @param opens the new file is open at once, as CREATE wants it. */
  #make(request: FuseRequest, name: string, mode: number, node: NewNode, opens = false): void {
    const { tid, uid, gid } = request.header;
    const parent = this.#inode(request);
    const path = (): string[] => [this.#recorder.tree.pathIn(parent, name)];
    this.#gate.pass(request, node.type === "directory" ? "mkdir" : "create", path, () => {
      const inode = this.#recorder.make(tid, parent, name, node);
      Object.assign(inode, { uid, gid, mode: mode & 0o7777 });
      inode.lookups++;
      if (opens) inode.opens++;
      return opens ? putCreated(request.out, inode) : putEntry(request.out, inode);
    });
  }

  #create(request: FuseRequest): void {
    const [flags, mode] = [request.body.readUInt32LE(0), request.body.readUInt32LE(4)];
    const name = this.#name(request.body, 16);
    const there = this.#inode(request).entries.get(name);
    if (there === undefined) {
      this.#make(request, name, mode, { type: "file" }, true);
    } else {
      // The kernel saw no such name when it looked; somebody else made it since.
      if ((flags & createExclusively) !== 0) throw new Refusal(errno.EEXIST);
      if (there.type !== "file") throw new Refusal(there.type === "directory" ? errno.EISDIR : errno.ENXIO);
      this.#open(request, there, flags, true);
    }
  }

  #remove(request: FuseRequest, kind: "unlink" | "rmdir"): void {
    const parent = this.#inode(request);
    const name = this.#name(request.body, 0);
    const path = (): string[] => [this.#recorder.tree.pathIn(parent, name)];
    this.#gate.pass(request, kind, path, () => {
      this.#recorder.remove(request.header.tid, parent, name, kind);
      return 0;
    });
  }

  #rename(request: FuseRequest, flags: number, namesAt: number): void {
    const { tree } = this.#recorder;
    const fromParent = this.#inode(request);
    const parent = this.#recorder.inode(readCount(request.body, 0));
    const [from = "", name = ""] = this.#names(request.body, namesAt, 2);
    const paths = (): string[] => [tree.pathIn(parent, name), tree.pathIn(fromParent, from)];
    this.#gate.pass(request, "rename", paths, () => {
      this.#recorder.rename(request.header.tid, fromParent, from, parent, name, flags);
      return 0;
    });
  }

  #link(request: FuseRequest): void {
    const { tree } = this.#recorder;
    const inode = this.#recorder.inode(readCount(request.body, 0));
    const parent = this.#inode(request);
    const name = this.#name(request.body, 8);
    const paths = (): string[] => [tree.pathIn(parent, name), tree.pathOf(inode) ?? ""];
    this.#gate.pass(request, "link", paths, () => {
      this.#recorder.link(request.header.tid, inode, parent, name);
      inode.lookups++;
      return putEntry(request.out, inode);
    });
  }

  #forget(request: FuseRequest): void {
    this.#forgetLookups(request.header.inode, readCount(request.body, 0));
    request.forget();
  }

  #forgetMany(request: FuseRequest): void {
    const { body } = request;
    for (let [at, left] = [8, body.readUInt32LE(0)]; left > 0; at += 16, left--) {
      this.#forgetLookups(readCount(body, at), readCount(body, at + 8));
    }
    request.forget();
  }

  #forgetLookups(number: number, lookups: number): void {
    const inode = this.#recorder.tree.inode(number);
    if (inode === undefined) return;
    inode.lookups -= lookups;
    this.#recorder.tree.release(inode);
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param looksUp the answer also names the inode, as CREATE's does. */
  #open(request: FuseRequest, inode: Inode, flags: number, looksUp: boolean): void {
    const empties = (flags & openTruncates) !== 0 && inode.bytes.size > 0;
    this.#gate.pass(request, empties ? "truncate" : "open", this.#pathOf(inode), () => {
      if (empties) this.#recorder.truncate(request.header.tid, inode, 0);
      inode.opens++;
      if (looksUp) inode.lookups++;
      return looksUp ? putCreated(request.out, inode) : putOpened(request.out, 0, this.#gate.harmsReads);
    });
  }

  #close(request: FuseRequest): void {
    const inode = this.#inode(request);
    inode.opens--;
    this.#recorder.tree.release(inode);
    request.answer(0);
  }

  #sync(request: FuseRequest): void {
    const dataOnly = (request.body.readUInt32LE(8) & 1) !== 0;
    this.#gate.sync(request, dataOnly ? "fdatasync" : "fsync", this.#inode(request), dataOnly ? "data" : "file");
  }

  #read(request: FuseRequest): void {
    const { body, out } = request;
    const inode = this.#inode(request);
    const [offset, length] = [readCount(body, 8), body.readUInt32LE(16)];
    this.#gate.pass(request, "read", this.#pathOf(inode), (hit) => {
      const target = out.subarray(answerHeaderBytes, answerHeaderBytes + length);
      const done = inode.bytes.read(offset, target);
      if (hit?.flip !== undefined) flipBit(target.subarray(0, done), offset, hit.flip(inode.number, inode.bytes.size));
      return done;
    });
  }

  #write(request: FuseRequest): void {
    const { body } = request;
    const inode = this.#inode(request);
    const { tid } = request.header;
    const [offset, length] = [readCount(body, 8), body.readUInt32LE(16)];
    if (this.#cutShort !== undefined && this.#isRestOfShort(tid, inode, offset)) throw new Refusal(errno.ENOSPC);
    this.#gate.pass(request, "write", this.#pathOf(inode), (hit) => {
      const taken = Math.min(length, hit?.bytesMax ?? length);
      const written = this.#recorder.write(tid, inode, offset, body.subarray(40, 40 + taken));
      if (taken < length) this.#cutShort = { tid, inode, offset: offset + written };
      return putWritten(request.out, written);
    });
  }

  /** Kernels try again for what a short write left: without a refusal the store would never see one. */
  #isRestOfShort(tid: number, inode: Inode, offset: number): boolean {
    const short = this.#cutShort;
    this.#cutShort = undefined;
    return short?.tid === tid && short.inode === inode && short.offset === offset;
  }

  #fallocate(request: FuseRequest): void {
    const { body } = request;
    const effect = fallocateEffects.get(body.readUInt32LE(24));
    if (effect === undefined) throw new Refusal(errno.EOPNOTSUPP);
    const inode = this.#inode(request);
    this.#gate.pass(request, "fallocate", this.#pathOf(inode), () => {
      this.#recorder.fallocate(request.header.tid, inode, effect, readCount(body, 8), readCount(body, 16));
      return 0;
    });
  }

  #setAttributes(request: FuseRequest): void {
    const inode = this.#inode(request);
    const { size, ...rest } = readAttributeChange(request.body, Date.now());
    const apply = (): number => {
      Object.assign(inode, rest, { changedMs: Date.now() });
      return putAttributes(request.out, inode);
    };
    if (size === undefined) {
      request.answer(apply());
    } else {
      this.#gate.pass(request, "truncate", this.#pathOf(inode), () => {
        this.#recorder.truncate(request.header.tid, inode, size);
        return apply();
      });
    }
  }

  // ── Folders and the disk ────────────────────────────────────────────────────────────────────────────────────────

  #openFolder(request: FuseRequest): void {
    const folder = this.#inode(request);
    const dots = [
      { name: ".", inode: folder.number, type: folder.type },
      { name: "..", inode: (folder.names[0]?.parent ?? folder).number, type: folder.type },
    ];
    const entries = [...folder.entries].map(([name, { number, type }]) => ({ name, inode: number, type }));
    this.#lastHandle++;
    this.#listings.set(this.#lastHandle, [...dots, ...entries]);
    request.answer(putOpened(request.out, this.#lastHandle, true));
  }

  #closeFolder(request: FuseRequest): void {
    this.#listings.delete(readCount(request.body, 0));
    request.answer(0);
  }

  #readFolder(request: FuseRequest): void {
    const { body, out } = request;
    const [handle, offset, size] = [readCount(body, 0), readCount(body, 8), body.readUInt32LE(16)];
    const listing = this.#listings.get(handle) ?? [];
    let at = answerHeaderBytes;
    for (let index = offset; index < listing.length; index++) {
      const entry = listing[index] as Listing[number];
      const length = putDirectoryEntry(out, at, answerHeaderBytes + size, { ...entry, next: index + 1 });
      if (length === 0) break;
      at += length;
    }
    request.answer(at - answerHeaderBytes);
  }

  #space(): SpaceOfDisk {
    const { tree, capacity } = this.#recorder;
    const free = Math.max(0, Math.min(capacity() - tree.allocated, this.#diskFreeBytes()));
    const used = Math.ceil(tree.allocated / blockBytes);
    const blocksFree = Math.floor(free / blockBytes);
    return { blockBytes, blocks: used + blocksFree, blocksFree, inodes: tree.inodeCount };
  }

  #inode(request: FuseRequest): Inode {
    return this.#recorder.inode(request.header.inode);
  }

  #pathOf(inode: Inode): () => string[] {
    return () => [this.#recorder.tree.pathOf(inode) ?? ""];
  }

  #name(body: Buffer, at: number): string {
    return this.#names(body, at, 1)[0] ?? "";
  }

  #names(body: Buffer, at: number, count: number): string[] {
    const names = readNames(body, at, count);
    if (names === undefined) throw new Refusal(errno.EILSEQ);
    return names;
  }
}

function nodeType(mode: number): "file" | "socket" | "pipe" {
  const found = (["file", "socket", "pipe"] as const).find((type) => modeBits[type] === (mode & 0o170000));
  // A device would be another way out of the volume.
  if (found === undefined) throw new Refusal(errno.EPERM);
  return found;
}

function flipBit(bytes: Buffer, offset: number, wrong: ReturnType<NonNullable<Interference["flip"]>>): void {
  const at = wrong.offset - offset;
  if (at >= 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << wrong.bit);
}
