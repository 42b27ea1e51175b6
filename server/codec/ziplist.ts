/**
 * Ziplist: what listpacks were before Redis 7. Only read.
 *
 *     bytes, u32 LE │ offset of the last entry, u32 LE │ count, u16 LE │ entry │ entry │ … │ 0xff
 *
 *     entry:  length of the entry before it (one byte, or 0xfe and u32 LE), then
 *             00xxxxxx  data                      string of up to 63 bytes
 *             01xxxxxx xxxxxxxx  data             string of up to 16383 bytes
 *             10…… length u32 BE  data            string
 *             11000000, 11010000, 11100000        integer of 16, 32, 64 bits, LE
 *             11110000, 11111110                  integer of 24, 8 bits, LE
 *             1111xxxx, x from 1 to 13            integer x − 1
 */
import type { PackedBytes } from "./packed-bytes.ts";

const headBytes = 10;
const endMark = 0xff;
const countUnknown = 0xffff;
const longPrevious = 0xfe;

/** @throws DamagedFile unless every byte is as it must be. */
export function readZiplist(packed: PackedBytes): string[] {
  const { bytes } = packed;
  if (bytes.length <= headBytes) packed.fail(0, "a ziplist expected, too short for one");
  const announced = bytes.readUInt32LE(0);
  if (announced !== bytes.length) packed.fail(0, `a ziplist of ${announced} bytes announced, ${bytes.length} there`);
  const last = bytes.length - 1;
  if (bytes[last] !== endMark) packed.fail(last, "the end of a ziplist expected");

  const items: string[] = [];
  let at = headBytes;
  let previous = headBytes;
  while (at < last) {
    const start = at;
    at = skipPrevious(packed, at, last, start === headBytes ? 0 : start - previous);
    const first = bytes[at] as number;
    const head = entryHeadBytes(first);
    if (head === 0) packed.fail(at, "a ziplist entry expected");
    if (at + head > last) packed.fail(at, "ziplist entry reaches beyond the end");
    const end = at + head + entryDataBytes(bytes, at, first);
    if (end > last) packed.fail(at, "ziplist entry reaches beyond the end");
    items.push(first < 0xc0 ? bytes.toString("latin1", at + head, end) : String(readInteger(bytes, at, first)));
    previous = start;
    at = end;
  }

  const tail = bytes.readUInt32LE(4);
  if (items.length > 0 ? tail !== previous : tail > last) {
    packed.fail(4, `last entry of a ziplist announced at ${tail}, it is at ${previous}`);
  }
  const count = bytes.readUInt16LE(8);
  if (count !== countUnknown && count !== items.length) {
    packed.fail(8, `a ziplist of ${count} entries announced, ${items.length} there`);
  }
  return items;
}

/** Checks what an entry says about the one before it; returns where its encoding is. */
function skipPrevious(packed: PackedBytes, at: number, last: number, length: number): number {
  const { bytes } = packed;
  const long = bytes[at] === longPrevious;
  const next = at + (long ? 5 : 1);
  if (next >= last) packed.fail(at, "ziplist entry reaches beyond the end");
  const found = long ? bytes.readUInt32LE(at + 1) : (bytes[at] as number);
  if (found !== length) packed.fail(at, `the ziplist entry before has ${length} bytes, not ${found}`);
  return next;
}

/** Encoding byte and what belongs to the length or the integer; 0 when there is no such encoding. */
function entryHeadBytes(first: number): number {
  switch (first >> 6) {
    case 0:
      return 1;
    case 1:
      return 2;
    case 2:
      return 5;
  }
  switch (first) {
    case 0xc0:
      return 3;
    case 0xd0:
      return 5;
    case 0xe0:
      return 9;
    case 0xf0:
      return 4;
    case 0xfe:
      return 2;
    default:
      return first > 0xf0 && first <= 0xfd ? 1 : 0;
  }
}

function entryDataBytes(bytes: Buffer, at: number, first: number): number {
  switch (first >> 6) {
    case 0:
      return first;
    case 1:
      return ((first & 0x3f) << 8) | (bytes[at + 1] as number);
    case 2:
      return bytes.readUInt32BE(at + 1);
    default:
      return 0;
  }
}

function readInteger(bytes: Buffer, at: number, first: number): number | bigint {
  switch (first) {
    case 0xc0:
      return bytes.readInt16LE(at + 1);
    case 0xd0:
      return bytes.readInt32LE(at + 1);
    case 0xe0:
      return bytes.readBigInt64LE(at + 1);
    case 0xf0:
      return bytes.readIntLE(at + 1, 3);
    case 0xfe:
      return bytes.readInt8(at + 1);
    default:
      return (first & 0x0f) - 1;
  }
}
