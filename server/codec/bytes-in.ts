/**
 * A cursor over distrusted bytes: of a file, read window by window, or of memory. Every read is checked against what
 * is really there, and what is wrong is said with path and offset.
 *
 *     file     ├──────────────── read and forgotten ───────────────┤window├──────── not read yet ────────┤
 *                                                                    ↑ offset                             ↑ size
 *
 * Laws: a length found in the bytes is never believed. Before anything is allocated or looped over it is compared with
 * what remains, so a lie costs a DamagedFile and neither memory nor time.
 */
import { assert } from "../assert.ts";
import type { Crc64 } from "./crc64.ts";
import { DamagedFile, UnsupportedFile } from "./damaged-file.ts";
import { lzfDecompress, lzfMaxExpansion } from "./lzf.ts";
import { PackedBytes } from "./packed-bytes.ts";

/** What a cursor reads: a file of the disk fits. */
export interface ByteSource {
  readonly path: string;
  size(): number;
  /** Up to `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Uint8Array;
}

const defaultWindowBytes = 64 * 1024;

/** V8 copies substrings shorter than this and lets longer ones keep their whole parent alive. */
const copiedSubstringLength = 13;

/** How the special strings of an RDB are told apart: the low six bits of a length byte that begins with 11. */
const specialInt8 = 0;
const specialInt16 = 1;
const specialInt32 = 2;
const specialLzf = 3;

/** Where a compressed string is expanded to become text, which is a copy. */
const expanded = Buffer.allocUnsafeSlow(16 * 1024);

export class BytesIn {
  readonly path: string;
  private readonly source: ByteSource | undefined;
  private readonly sizeBytes: number;
  private readonly windowBytes: number;
  /** The bytes at hand; `window[0]` stands at `windowOffset` of the whole. */
  private window: Buffer;
  private windowOffset = 0;
  private at = 0;
  /** The window as one string, made when a short text is asked for: cutting it is far cheaper than decoding. */
  private windowText: string | undefined;
  private sum: Crc64 | undefined;
  private summedTo = 0;

  constructor(bytes: Uint8Array | ByteSource, path: string, windowBytes = defaultWindowBytes) {
    this.path = path;
    this.windowBytes = windowBytes;
    if (bytes instanceof Uint8Array) {
      this.window = asBuffer(bytes);
      this.sizeBytes = bytes.length;
    } else {
      this.source = bytes;
      this.window = Buffer.alloc(0);
      this.sizeBytes = bytes.size();
    }
  }

  /** From the file's beginning. */
  get offset(): number {
    return this.windowOffset + this.at;
  }

  get size(): number {
    return this.sizeBytes;
  }

  get remaining(): number {
    return this.sizeBytes - this.windowOffset - this.at;
  }

  // ── Plain bytes ─────────────────────────────────────────────────────────────────────────────────────────────────

  u8(): number {
    if (this.at >= this.window.length) this.need(1);
    return this.window[this.at++] as number;
  }

  /** The next byte, left where it is. */
  peek(): number {
    this.need(1);
    return this.window[this.at] as number;
  }

  u16le(): number {
    this.need(2);
    this.at += 2;
    return this.window.readUInt16LE(this.at - 2);
  }

  u32le(): number {
    this.need(4);
    this.at += 4;
    return this.window.readUInt32LE(this.at - 4);
  }

  u32be(): number {
    this.need(4);
    this.at += 4;
    return this.window.readUInt32BE(this.at - 4);
  }

  i32le(): number {
    this.need(4);
    this.at += 4;
    return this.window.readInt32LE(this.at - 4);
  }

  u64le(): bigint {
    this.need(8);
    this.at += 8;
    return this.window.readBigUInt64LE(this.at - 8);
  }

  i64le(): bigint {
    this.need(8);
    this.at += 8;
    return this.window.readBigInt64LE(this.at - 8);
  }

  u64be(): bigint {
    this.need(8);
    this.at += 8;
    return this.window.readBigUInt64BE(this.at - 8);
  }

  f64le(): number {
    this.need(8);
    this.at += 8;
    return this.window.readDoubleLE(this.at - 8);
  }

  /** `length` bytes as latin1. */
  text(length: number): string {
    this.need(length);
    const start = this.at;
    this.at += length;
    if (length < copiedSubstringLength && this.source !== undefined) {
      this.windowText ??= this.window.toString("latin1");
      return this.windowText.substring(start, this.at);
    }
    return this.window.toString("latin1", start, this.at);
  }

  /** `length` bytes, which stay what they are: no later read changes them. */
  bytes(length: number): Buffer {
    this.need(length);
    this.at += length;
    return this.window.subarray(this.at - length, this.at);
  }

  skip(length: number): void {
    this.need(length);
    this.at += length;
  }

  // ── The words of an RDB (see rdb/format.ts) ─────────────────────────────────────────────────────────────────────

  /** A length: 6, 14, 32 or 64 bits. */
  length(): number {
    const first = this.u8();
    if (first < 0x40) return first;
    if (first >= 0xc0) this.failAt(this.offset - 1, "a length expected, found the mark of a special string");
    return this.longLength(first);
  }

  /** A length of which all 64 bits count: part of a stream's id, a number that may be −1. */
  length64(): bigint {
    if (this.peek() !== 0x81) return BigInt(this.length());
    this.skip(1);
    return this.u64be();
  }

  /**
   * A length that counts things of at least `leastBytesEach` bytes that follow.
   * @throws DamagedFile when so many cannot follow.
   */
  count(leastBytesEach: number, what: string): number {
    const start = this.offset;
    const count = this.length();
    if (count * leastBytesEach > this.remaining) {
      this.failAt(start, `${count} ${what} announced, ${this.remaining} bytes left`);
    }
    return count;
  }

  /** A string in any of its forms, as latin1. */
  string(): string {
    const first = this.u8();
    if (first < 0x40) return this.text(first);
    if (first < 0xc0) return this.text(this.longLength(first));
    if ((first & 0x3f) === specialLzf) return this.compressedText();
    return String(this.specialInteger(first));
  }

  /** A string, as a number when it is written in integer form. */
  stringOrInteger(): string | number {
    const first = this.u8();
    if (first < 0x40) return this.text(first);
    if (first < 0xc0) return this.text(this.longLength(first));
    if ((first & 0x3f) === specialLzf) return this.compressedText();
    return this.specialInteger(first);
  }

  /** A string whose bytes are themselves a structure: a listpack, a ziplist, an intset … */
  packed(): PackedBytes {
    const first = this.u8();
    if (first >= 0xc0) {
      if ((first & 0x3f) === specialLzf) return this.compressed();
      return new PackedBytes(Buffer.from(String(this.specialInteger(first)), "latin1"), this.path, this.offset, true);
    }
    const length = first < 0x40 ? first : this.longLength(first);
    const offset = this.offset;
    return new PackedBytes(this.bytes(length), this.path, offset, false);
  }

  // ── Trouble and checksum ────────────────────────────────────────────────────────────────────────────────────────

  /** @throws DamagedFile naming the place where the cursor stands. */
  fail(expected: string): never {
    this.failAt(this.offset, expected);
  }

  failAt(offset: number, expected: string): never {
    throw new DamagedFile(this.path, offset, expected);
  }

  refuseAt(offset: number, what: string): never {
    throw new UnsupportedFile(this.path, offset, what);
  }

  /** From here on everything that is read is added to `sum`. */
  checksumInto(sum: Crc64): void {
    this.sum = sum;
    this.summedTo = this.at;
  }

  /** The sum is complete: it covers everything up to where the cursor stands. */
  stopChecksum(): void {
    assert(this.sum !== undefined, "a checksum is being taken");
    this.sum.add(this.window, this.summedTo, this.at);
    this.sum = undefined;
  }

  // ── Behind it ───────────────────────────────────────────────────────────────────────────────────────────────────

  private longLength(first: number): number {
    if (first < 0x80) return ((first & 0x3f) << 8) | this.u8();
    if (first === 0x80) return this.u32be();
    if (first !== 0x81) this.failAt(this.offset - 1, `a length expected, found byte ${hex(first)}`);
    const start = this.offset;
    const length = this.u64be();
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) this.failAt(start, `a length of ${length} cannot be`);
    return Number(length);
  }

  private specialInteger(first: number): number {
    switch (first & 0x3f) {
      case specialInt8:
        return (this.u8() << 24) >> 24;
      case specialInt16:
        return (this.u16le() << 16) >> 16;
      case specialInt32:
        return this.i32le();
      default:
        return this.failAt(this.offset - 1, `a string expected, found byte ${hex(first)}`);
    }
  }

  private compressed(): PackedBytes {
    const start = this.offset;
    const compressedBytes = this.length();
    const plain = Buffer.allocUnsafe(this.plainLength(start, compressedBytes));
    this.expand(start, compressedBytes, plain, plain.length);
    return new PackedBytes(plain, this.path, start, true);
  }

  /** A snapshot may hold millions of them: without `expanded` each would cost three objects that are garbage at once. */
  private compressedText(): string {
    const start = this.offset;
    const compressedBytes = this.length();
    const plainBytes = this.plainLength(start, compressedBytes);
    const plain = plainBytes <= expanded.length ? expanded : Buffer.allocUnsafe(plainBytes);
    this.expand(start, compressedBytes, plain, plainBytes);
    return plain.toString("latin1", 0, plainBytes);
  }

  /** How long the compressed string that begins at `start` says it will be. */
  private plainLength(start: number, compressedBytes: number): number {
    const plainBytes = this.length();
    this.need(compressedBytes);
    if (plainBytes > compressedBytes * lzfMaxExpansion) {
      this.failAt(start, `${compressedBytes} compressed bytes cannot become ${plainBytes}`);
    }
    return plainBytes;
  }

  private expand(start: number, compressedBytes: number, plain: Buffer, plainBytes: number): void {
    this.at += compressedBytes;
    const complaint = lzfDecompress(this.window, plain, this.at - compressedBytes, this.at, plainBytes);
    if (complaint !== undefined) this.failAt(start, complaint);
  }

  /** Makes sure that `length` bytes are in the window from the cursor on. */
  private need(length: number): void {
    if (this.at + length <= this.window.length) return;
    if (length > this.remaining) {
      this.fail(`${length === 1 ? "one byte" : `${length} bytes`} expected, ${this.remaining} left`);
    }
    this.moveWindow(Math.max(length, this.windowBytes));
  }

  private moveWindow(wantedBytes: number): void {
    assert(this.source !== undefined, "bytes in memory are all in the window");
    this.sum?.add(this.window, this.summedTo, this.at);
    const offset = this.offset;
    const bytes = this.source.read(offset, Math.min(wantedBytes, this.sizeBytes - offset));
    if (bytes.length === 0) this.fail("the file became shorter while it was read");
    this.window = asBuffer(bytes);
    this.windowText = undefined;
    this.windowOffset = offset;
    this.at = this.summedTo = 0;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
