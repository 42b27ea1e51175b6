/**
 * The bytes between the kernel and a file system in user space: FUSE 7.38, as `linux/fuse.h` lays them out. Everything is
 * little-endian here, as on every machine that Node's Linux builds run on.
 *
 *     request   0       4        8         16        24    28    32    36         40
 *               │length │ opcode │ unique  │ inode   │ uid │ gid │ tid │ (unused) │ body …
 *     answer    0       4        8         16
 *               │length │ −errno │ unique  │ body …
 *
 * One read(2) of /dev/fuse is one request, one write(2) is one answer. This file knows layouts and nothing else: what a
 * request means is in recording-fs.ts.
 */
import os from "node:os";
import type { Inode, InodeType } from "../disk/file-tree.ts";

export const protocolMajor = 7;
export const protocolMinor = 38;

export const requestHeaderBytes = 40;
export const answerHeaderBytes = 16;
/** The most that one WRITE carries. */
export const writeBytesMax = 1 << 20;
/** What a buffer for a request must hold: the kernel refuses to read into less. */
export const requestBytesMax = writeBytesMax + 4096;

export const opcode = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  rename2: 45,
} as const;

export const errno = os.constants.errno;

/** INIT flags that are asked for where the kernel offers them. */
const wantedFlags =
  (1 << 0) | // ASYNC_READ: several reads of a file at a time
  (1 << 3) | // ATOMIC_O_TRUNC: O_TRUNC comes with OPEN, not as a SETATTR of its own
  (1 << 5) | // BIG_WRITES: more than a page in a WRITE
  (1 << 15) | // ASYNC_DIO
  (1 << 18) | // PARALLEL_DIROPS
  (1 << 22); // MAX_PAGES: true writes of `writeBytesMax`

const secondsOfAnHour = 3600;

// ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface RequestHeader {
  readonly length: number;
  readonly opcode: number;
  readonly unique: number;
  readonly inode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the thread that asks, as seen from the namespace that mounted. 0 when it is the kernel itself. */
  readonly tid: number;
}

export function readHeader(bytes: Buffer): RequestHeader {
  return {
    length: bytes.readUInt32LE(0),
    opcode: bytes.readUInt32LE(4),
    unique: readCount(bytes, 8),
    inode: readCount(bytes, 16),
    uid: bytes.readUInt32LE(24),
    gid: bytes.readUInt32LE(28),
    tid: bytes.readUInt32LE(32),
  };
}

/** A 64-bit number that is one in practice: offsets, sizes, inodes. Above 2^53 it loses bits, and is refused as too big. */
export function readCount(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
}

/** `count` NUL-terminated names from `at` on; undefined where one is not UTF-8: the journal could not name it. */
export function readNames(body: Buffer, at: number, count: number): string[] | undefined {
  const names: string[] = [];
  for (let start = at; names.length < count; ) {
    const end = body.indexOf(0, start);
    const bytes = body.subarray(start, end);
    const name = bytes.toString("utf8");
    if (name.includes("\uFFFD") && !Buffer.from(name).equals(bytes)) return undefined;
    names.push(name);
    start = end + 1;
  }
  return names;
}

// ── Answers: each writes its body into `out` behind the header, and returns the body's length ─────────────────────

export function putInit(out: Buffer, request: Buffer): number {
  const [maxReadahead, offered] = [request.readUInt32LE(8), request.readUInt32LE(12)];
  const at = answerHeaderBytes;
  out.fill(0, at, at + 64);
  out.writeUInt32LE(protocolMajor, at);
  out.writeUInt32LE(protocolMinor, at + 4);
  out.writeUInt32LE(maxReadahead, at + 8);
  out.writeUInt32LE((wantedFlags & offered) >>> 0, at + 12);
  out.writeUInt16LE(64, at + 16); // max_background: reads ahead and write-back at a time
  out.writeUInt16LE(48, at + 18); // congestion_threshold
  out.writeUInt32LE(writeBytesMax, at + 20);
  out.writeUInt32LE(1, at + 24); // time_gran
  out.writeUInt16LE(writeBytesMax / 4096, at + 28);
  return 64;
}

export function putEntry(out: Buffer, inode: Inode): number {
  const at = answerHeaderBytes;
  writeCount(out, inode.number, at);
  writeCount(out, 0, at + 8); // generation: inode numbers are never used again
  // Nobody else changes this tree, so what the kernel knows of it stays true.
  writeCount(out, secondsOfAnHour, at + 16);
  writeCount(out, secondsOfAnHour, at + 24);
  writeCount(out, 0, at + 32);
  putAttributesAt(out, at + 40, inode);
  return 128;
}

export function putAttributes(out: Buffer, inode: Inode): number {
  const at = answerHeaderBytes;
  writeCount(out, secondsOfAnHour, at);
  writeCount(out, 0, at + 8);
  putAttributesAt(out, at + 16, inode);
  return 104;
}

/** The answer to CREATE: an entry and, behind it, the opening. */
export function putCreated(out: Buffer, inode: Inode): number {
  const entry = putEntry(out, inode);
  return entry + putOpenedAt(out, answerHeaderBytes + entry, 0, keepCache);
}

/**
 * @param handle comes back with every request on that opening.
 * @param readsAfresh what the kernel has of the file is forgotten first, so that every read reaches us.
 */
export function putOpened(out: Buffer, handle: number, readsAfresh: boolean): number {
  return putOpenedAt(out, answerHeaderBytes, handle, readsAfresh ? 0 : keepCache);
}

// Never DIRECT_IO: it forbids shared mappings, and O_DSYNC would send no FSYNC.
const keepCache = 1 << 1;

function putOpenedAt(out: Buffer, at: number, handle: number, flags: number): number {
  writeCount(out, handle, at);
  writeCount(out, flags, at + 8);
  return 16;
}

export function putWritten(out: Buffer, length: number): number {
  writeCount(out, length, answerHeaderBytes);
  return 8;
}

export interface SpaceOfDisk {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly inodes: number;
}

export function putStatfs(out: Buffer, space: SpaceOfDisk): number {
  const at = answerHeaderBytes;
  out.fill(0, at, at + 80);
  writeCount(out, space.blocks, at);
  writeCount(out, space.blocksFree, at + 8);
  writeCount(out, space.blocksFree, at + 16);
  writeCount(out, space.inodes + 1_000_000, at + 24);
  writeCount(out, 1_000_000, at + 32);
  out.writeUInt32LE(space.blockBytes, at + 40);
  out.writeUInt32LE(255, at + 44); // longest name
  out.writeUInt32LE(space.blockBytes, at + 48);
  return 80;
}

/** One entry of a READDIR answer at `at`; 0 when it does not fit below `end`. */
export function putDirectoryEntry(
  out: Buffer,
  at: number,
  end: number,
  entry: { readonly inode: number; readonly type: InodeType; readonly name: string; readonly next: number },
): number {
  const nameLength = Buffer.byteLength(entry.name);
  const length = (24 + nameLength + 7) & ~7;
  if (at + length > end) return 0;
  writeCount(out, entry.inode, at);
  writeCount(out, entry.next, at + 8);
  out.writeUInt32LE(nameLength, at + 16);
  out.writeUInt32LE(modeBits[entry.type] >>> 12, at + 20);
  out.fill(0, at + 24 + nameLength, at + length);
  out.write(entry.name, at + 24);
  return length;
}

// ── Attributes ────────────────────────────────────────────────────────────────────────────────────────────────────

/** S_IFMT of each type. */
export const modeBits: Readonly<Record<InodeType, number>> = {
  pipe: 0o010000,
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
};

function putAttributesAt(out: Buffer, at: number, inode: Inode): void {
  const size = inode.type === "symlink" ? Buffer.byteLength(inode.target) : inode.bytes.size;
  writeCount(out, inode.number, at);
  writeCount(out, size, at + 8);
  writeCount(out, Math.ceil(inode.bytes.allocated / 512), at + 16);
  putTime(out, inode.accessedMs, at + 24, at + 48);
  putTime(out, inode.modifiedMs, at + 32, at + 52);
  putTime(out, inode.changedMs, at + 40, at + 56);
  out.writeUInt32LE(modeBits[inode.type] | inode.mode, at + 60);
  out.writeUInt32LE(inode.linkCount, at + 64);
  out.writeUInt32LE(inode.uid, at + 68);
  out.writeUInt32LE(inode.gid, at + 72);
  out.writeUInt32LE(0, at + 76); // rdev
  out.writeUInt32LE(4096, at + 80);
  out.writeUInt32LE(0, at + 84);
}

function putTime(out: Buffer, timeMs: number, secondsAt: number, nanosecondsAt: number): void {
  const seconds = Math.floor(timeMs / 1000);
  out.writeBigInt64LE(BigInt(seconds), secondsAt);
  out.writeUInt32LE(Math.min(999_999_999, Math.round((timeMs - seconds * 1000) * 1e6)), nanosecondsAt);
}

function writeCount(out: Buffer, value: number, at: number): void {
  out.writeUInt32LE(value % 0x1_0000_0000, at);
  out.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
}

/** What a SETATTR asks for; absent: leave it as it is. */
export interface AttributeChange {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly accessedMs?: number;
  readonly modifiedMs?: number;
}

export function readAttributeChange(body: Buffer, nowMs: number): AttributeChange {
  const valid = body.readUInt32LE(0);
  const has = (bit: number): boolean => (valid & (1 << bit)) !== 0;
  const time = (secondsAt: number, nanosecondsAt: number): number =>
    Number(body.readBigInt64LE(secondsAt)) * 1000 + body.readUInt32LE(nanosecondsAt) / 1e6;
  return {
    ...(has(0) && { mode: body.readUInt32LE(68) & 0o7777 }),
    ...(has(1) && { uid: body.readUInt32LE(76) }),
    ...(has(2) && { gid: body.readUInt32LE(80) }),
    ...(has(3) && { size: readCount(body, 16) }),
    ...(has(4) && { accessedMs: has(7) ? nowMs : time(32, 56) }),
    ...(has(5) && { modifiedMs: has(8) ? nowMs : time(40, 60) }),
  };
}
