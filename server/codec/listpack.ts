/**
 * Listpack: a row of short strings and integers in one piece of memory. Redis keeps small hashes, sorted sets, the
 * nodes of lists and of streams so, and writes them into RDB files as they are.
 *
 *     bytes, u32 LE │ count, u16 LE │ entry │ entry │ … │ 0xff        count 0xffff: more than that, count yourself
 *
 *     entry:  encoding and data                        what it is                       back length
 *             0xxxxxxx                                 integer 0 … 127                  the entry's length so far, in
 *             10xxxxxx  data                           string of up to 63 bytes         groups of seven bits, highest
 *             110xxxxx xxxxxxxx                        integer of 13 bits               first; every byte but the first
 *             1110xxxx xxxxxxxx  data                  string of up to 4095 bytes       has its top bit set, so that it
 *             11110000 length u32 LE  data             string                           can be read backwards
 *             11110001 … 11110100                      integer of 16, 24, 32, 64 bits, LE
 *
 * A string that is a canonical integer is always written as one.
 */
import { canonicalInt64 } from "./integers.ts";
import type { PackedBytes } from "./packed-bytes.ts";

const headBytes = 6;
const endMark = 0xff;
const countUnknown = 0xffff;
/** Head and end mark. */
export const emptyListpackBytes = headBytes + 1;

/** How many bytes an entry takes. */
export function listpackEntryBytes(text: string): number {
  const value = canonicalInt64(text);
  const length = value === undefined ? stringBytes(text.length) : integerBytes(value);
  return length + backLengthBytes(length);
}

function stringBytes(length: number): number {
  return length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
}

function integerBytes(value: number | bigint): number {
  if (typeof value === "bigint") return 9;
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= -0x8000 && value <= 0x7fff) return 3;
  if (value >= -0x800000 && value <= 0x7fffff) return 4;
  return value === (value | 0) ? 5 : 9;
}

/** The limits are one short of what seven bits a byte could hold: so Redis draws them. */
function backLengthBytes(length: number): number {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  return length < 268435455 ? 4 : 5;
}

/** Writes one listpack after another; the memory is used again. */
export class ListpackWriter {
  private buffer = Buffer.allocUnsafeSlow(16 * 1024);
  private at = headBytes;
  private count = 0;

  add(text: string): void {
    const value = canonicalInt64(text);
    const start = this.at;
    this.reserve(text.length + 16);
    if (value === undefined) this.string(text);
    else this.integer(value);
    this.backLength(this.at - start);
    this.count++;
  }

  /** The finished listpack, valid until the next `add`. */
  finish(): Buffer {
    this.buffer[this.at++] = endMark;
    this.buffer.writeUInt32LE(this.at, 0);
    this.buffer.writeUInt16LE(Math.min(this.count, countUnknown), 4);
    const listpack = this.buffer.subarray(0, this.at);
    this.at = headBytes;
    this.count = 0;
    return listpack;
  }

  private string(text: string): void {
    const { buffer } = this;
    const { length } = text;
    if (length < 64) {
      buffer[this.at++] = 0x80 | length;
    } else if (length < 4096) {
      buffer[this.at++] = 0xe0 | (length >> 8);
      buffer[this.at++] = length & 0xff;
    } else {
      buffer[this.at++] = 0xf0;
      this.at = buffer.writeUInt32LE(length, this.at);
    }
    if (length >= 12) this.at += buffer.write(text, this.at, "latin1");
    else for (let i = 0; i < length; i++) buffer[this.at++] = text.charCodeAt(i);
  }

  private integer(value: number | bigint): void {
    const { buffer } = this;
    const bytes = integerBytes(value);
    if (bytes === 9) {
      buffer[this.at] = 0xf4;
      this.at = buffer.writeBigInt64LE(BigInt(value), this.at + 1);
      return;
    }
    const small = value as number;
    if (bytes === 1) {
      buffer[this.at++] = small;
    } else if (bytes === 2) {
      buffer[this.at++] = 0xc0 | ((small >> 8) & 0x1f);
      buffer[this.at++] = small & 0xff;
    } else {
      buffer[this.at] = 0xf1 + bytes - 3;
      this.at = buffer.writeIntLE(small, this.at + 1, bytes - 1);
    }
  }

  private backLength(length: number): void {
    const bytes = backLengthBytes(length);
    for (let group = bytes - 1; group >= 0; group--) {
      const bits = Math.floor(length / 2 ** (7 * group)) & 0x7f;
      this.buffer[this.at++] = group === bytes - 1 ? bits : bits | 0x80;
    }
  }

  private reserve(more: number): void {
    if (this.at + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow((this.at + more) * 2);
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

/** @throws DamagedFile unless every byte is as it must be. */
export function readListpack(packed: PackedBytes): string[] {
  const { bytes } = packed;
  if (bytes.length < emptyListpackBytes) packed.fail(0, "a listpack expected, too short for one");
  const announced = bytes.readUInt32LE(0);
  if (announced !== bytes.length) packed.fail(0, `a listpack of ${announced} bytes announced, ${bytes.length} there`);
  const last = bytes.length - 1;
  if (bytes[last] !== endMark) packed.fail(last, "the end of a listpack expected");

  const items: string[] = [];
  let at = headBytes;
  while (at < last) {
    const start = at;
    const first = bytes[at] as number;
    const head = entryHeadBytes(first);
    if (head === 0) packed.fail(at, "a listpack entry expected");
    if (at + head > last) packed.fail(at, "listpack entry reaches beyond the end");
    const dataBytes = entryDataBytes(bytes, at, first);
    at += head + dataBytes;
    if (at > last) packed.fail(start, "listpack entry reaches beyond the end");
    items.push(
      isString(first) ? bytes.toString("latin1", at - dataBytes, at) : String(readInteger(bytes, start, first)),
    );
    at = skipBackLength(packed, at, last, at - start);
  }

  const count = bytes.readUInt16LE(4);
  if (count !== countUnknown && count !== items.length) {
    packed.fail(4, `a listpack of ${count} entries announced, ${items.length} there`);
  }
  return items;
}

function isString(first: number): boolean {
  return (first & 0xc0) === 0x80 || (first & 0xf0) === 0xe0 || first === 0xf0;
}

/** Encoding byte and what belongs to the length or the integer; 0 when there is no such encoding. */
function entryHeadBytes(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xf0) return 2;
  switch (first) {
    case 0xf0:
      return 5;
    case 0xf1:
      return 3;
    case 0xf2:
      return 4;
    case 0xf3:
      return 5;
    case 0xf4:
      return 9;
    default:
      return 0;
  }
}

function entryDataBytes(bytes: Buffer, at: number, first: number): number {
  if ((first & 0xc0) === 0x80) return first & 0x3f;
  if ((first & 0xf0) === 0xe0) return ((first & 0x0f) << 8) | (bytes[at + 1] as number);
  return first === 0xf0 ? bytes.readUInt32LE(at + 1) : 0;
}

function readInteger(bytes: Buffer, at: number, first: number): number | bigint {
  if (first < 0x80) return first;
  if (first < 0xf0) return ((((first & 0x1f) << 8) | (bytes[at + 1] as number)) << 19) >> 19;
  if (first === 0xf4) return bytes.readBigInt64LE(at + 1);
  return bytes.readIntLE(at + 1, first - 0xf1 + 2);
}

/** Checks the back length behind an entry of `length` bytes; returns where the next entry begins. */
function skipBackLength(packed: PackedBytes, at: number, last: number, length: number): number {
  const { bytes } = packed;
  const next = at + backLengthBytes(length);
  if (next > last) packed.fail(at, "listpack entry reaches beyond the end");
  let found = 0;
  let weight = 1;
  let from = next - 1;
  for (; from >= at; from--) {
    const byte = bytes[from] as number;
    found += (byte & 0x7f) * weight;
    weight *= 128;
    if (byte < 0x80) break;
  }
  if (found !== length) packed.fail(at, `listpack entry of ${length} bytes says it has ${found}`);
  return next;
}
