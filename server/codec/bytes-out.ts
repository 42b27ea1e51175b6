/**
 * Where encoded bytes go. Who writes a value does not know whether it ends in a file, in a DUMP payload or in a
 * saver's pipe, and there are two kinds of writing:
 *
 *     verbatim        u8, u32le, text, bytes …     stand in the result as they are
 *     an RDB string   string, packed               length and bytes; short ones that are integers in integer form, long
 *                                                  ones compressed where that helps. Who compresses is the sink's
 *                                                  choice: `RdbBytes` at once, `SegmentBytes` (segments.ts) later, in
 *                                                  another process
 */
import { canonicalInteger } from "./integers.ts";
import { lzfCompress } from "./lzf.ts";

export interface BytesOut {
  u8(byte: number): void;
  u16le(value: number): void;
  u32le(value: number): void;
  u64le(value: bigint): void;
  u64be(value: bigint): void;
  f64le(value: number): void;
  /** Latin1, as it is. */
  text(latin1: string): void;
  bytes(bytes: Uint8Array, from?: number, to?: number): void;
  /** A length as RDB files write it. */
  length(value: number): void;
  /** An RDB string. */
  string(value: string | number): void;
  /** An RDB string whose bytes are a structure of their own. They may be reused after the call. */
  packed(bytes: Uint8Array, from?: number, to?: number): void;
}

/** Shorter strings never become shorter by LZF. */
export const shortestCompressible = 21;
const longestIntegerText = 11;
/** Below this a loop is faster than a call into Node. */
const shortText = 12;
/** The same for bytes: what a saver copies is mostly shorter, and a view of it costs more than the copy. */
const shortBytes = 64;
const firstCapacityBytes = 4 * 1024;

/** A growing buffer for verbatim bytes, and the short forms of RDB strings. What is done with long ones is open. */
export abstract class GrowingBytes implements BytesOut {
  protected buffer: Buffer;
  protected at = 0;

  constructor(capacityBytes = firstCapacityBytes) {
    this.buffer = Buffer.allocUnsafeSlow(capacityBytes);
  }

  u8(byte: number): void {
    if (this.at === this.buffer.length) this.reserve(1);
    this.buffer[this.at++] = byte;
  }

  u16le(value: number): void {
    this.reserve(2);
    this.at = this.buffer.writeUInt16LE(value, this.at);
  }

  u32le(value: number): void {
    this.reserve(4);
    this.at = this.buffer.writeUInt32LE(value, this.at);
  }

  u64le(value: bigint): void {
    this.reserve(8);
    this.at = this.buffer.writeBigUInt64LE(value, this.at);
  }

  u64be(value: bigint): void {
    this.reserve(8);
    this.at = this.buffer.writeBigUInt64BE(value, this.at);
  }

  f64le(value: number): void {
    this.reserve(8);
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  text(latin1: string): void {
    const { length } = latin1;
    this.reserve(length);
    if (length >= shortText) {
      this.at += this.buffer.write(latin1, this.at, "latin1");
      return;
    }
    for (let i = 0; i < length; i++) this.buffer[this.at++] = latin1.charCodeAt(i);
  }

  bytes(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.reserve(to - from);
    const { buffer } = this;
    if (to - from < shortBytes) {
      for (let at = from; at < to; at++) buffer[this.at++] = bytes[at] as number;
      return;
    }
    buffer.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.at);
    this.at += to - from;
  }

  length(value: number): void {
    if (value < 0x40) {
      this.u8(value);
    } else if (value < 0x4000) {
      this.u8(0x40 | (value >> 8));
      this.u8(value & 0xff);
    } else if (value <= 0xffffffff) {
      this.u8(0x80);
      this.reserve(4);
      this.at = this.buffer.writeUInt32BE(value, this.at);
    } else {
      this.u8(0x81);
      this.u64be(BigInt(value));
    }
  }

  string(value: string | number): void {
    if (typeof value === "number") {
      if (!this.integer(value)) this.plain(String(value));
    } else if (value.length >= shortestCompressible) {
      this.compressibleText(value);
    } else {
      const integer = value.length <= longestIntegerText ? canonicalInteger(value) : undefined;
      if (integer === undefined || !this.integer(integer)) this.plain(value);
    }
  }

  packed(bytes: Uint8Array, from = 0, to = bytes.length): void {
    if (to - from >= shortestCompressible) this.compressibleBytes(bytes, from, to);
    else this.lengthAndBytes(bytes, from, to);
  }

  protected abstract compressibleText(latin1: string): void;
  protected abstract compressibleBytes(bytes: Uint8Array, from: number, to: number): void;

  protected lengthAndBytes(bytes: Uint8Array, from: number, to: number): void {
    this.length(to - from);
    this.bytes(bytes, from, to);
  }

  protected plain(latin1: string): void {
    this.length(latin1.length);
    this.text(latin1);
  }

  /** Makes room for `more` bytes. */
  protected reserve(more: number): void {
    const wanted = this.at + more;
    if (wanted <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  /** The integer form, when 32 bits are enough for it. */
  private integer(value: number): boolean {
    if (value !== (value | 0)) return false;
    if (value >= -0x80 && value <= 0x7f) {
      this.u8(0xc0);
      this.u8(value & 0xff);
    } else if (value >= -0x8000 && value <= 0x7fff) {
      this.u8(0xc1);
      this.u16le(value & 0xffff);
    } else {
      this.u8(0xc2);
      this.u32le(value >>> 0);
    }
    return true;
  }
}

/** The bytes as an RDB file holds them. */
export class RdbBytes extends GrowingBytes {
  private readonly compress: boolean;

  constructor(compress: boolean, capacityBytes = firstCapacityBytes) {
    super(capacityBytes);
    this.compress = compress;
  }

  /** How many bytes wait to be taken. */
  get size(): number {
    return this.at;
  }

  /** What was written so far. The memory is used again after the next write. */
  take(): Buffer {
    const bytes = this.buffer.subarray(0, this.at);
    this.at = 0;
    return bytes;
  }

  protected override compressibleText(latin1: string): void {
    if (this.compress) this.compressibleBytes(Buffer.from(latin1, "latin1"), 0, latin1.length);
    else this.plain(latin1);
  }

  protected override compressibleBytes(bytes: Uint8Array, from: number, to: number): void {
    if (!this.compress || !this.compressed(bytes, from, to)) this.lengthAndBytes(bytes, from, to);
  }

  /** Writes the compressed form, unless it saves less than four bytes. */
  private compressed(bytes: Uint8Array, from: number, to: number): boolean {
    // The head (mark and two lengths) is as long as the compressed length makes it, so the string is compressed behind
    // the longest head possible and moved up to the real one.
    const longestHead = 1 + 2 * 9;
    const roomBytes = to - from - 4;
    this.reserve(longestHead + roomBytes);
    const start = this.at + longestHead;
    const length = lzfCompress(bytes, from, to, this.buffer, start, start + roomBytes);
    if (length === 0) return false;
    this.u8(0xc3);
    this.length(length);
    this.length(to - from);
    // Moved downwards, so what is read next was not written yet.
    this.bytes(this.buffer, start, start + length);
    return true;
  }
}
