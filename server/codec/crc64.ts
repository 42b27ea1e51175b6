/**
 * The checksum of RDB files and DUMP payloads: CRC-64, polynomial 0xad93d23594c935a9, reflected, starting from 0.
 *
 * JavaScript has no fast 64-bit integers, so every value is two halves of 32 bits. Eight bytes are taken at a time
 * ("slicing by eight"): table k tells what a byte does to the sum when k more bytes follow it within the eight.
 *
 *     sum ^ bytes   b0 b1 b2 b3 b4 b5 b6 b7
 *                   T7 T6 T5 T4 T3 T2 T1 T0   xored together: the next sum
 */

/** The polynomial, bits reversed: lowest power first. */
const reflectedPolynomial = 0x95ac9329ac4bc9b5n;
/** `low[k * 256 + byte]` and `high[…]`: the two halves of table k. */
const low = new Uint32Array(8 * 256);
const high = new Uint32Array(8 * 256);

for (let byte = 0; byte < 256; byte++) {
  let sum = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1n) === 1n ? (sum >> 1n) ^ reflectedPolynomial : sum >> 1n;
  low[byte] = Number(sum & 0xffffffffn);
  high[byte] = Number(sum >> 32n);
}
for (let entry = 256; entry < 8 * 256; entry++) {
  const before = entry - 256;
  const lowBefore = low[before] as number;
  const highBefore = high[before] as number;
  const byte = lowBefore & 0xff;
  low[entry] = ((lowBefore >>> 8) | (highBefore << 24)) ^ (low[byte] as number);
  high[entry] = (highBefore >>> 8) ^ (high[byte] as number);
}

export class Crc64 {
  private lowHalf = 0;
  private highHalf = 0;

  /** Adds `bytes` from `start` up to `end`. */
  add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let lowHalf = this.lowHalf;
    let highHalf = this.highHalf;
    let at = start;
    for (const lastEight = end - 8; at <= lastEight; at += 8) {
      const a =
        lowHalf ^
        ((bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24));
      const b =
        highHalf ^
        ((bytes[at + 4] as number) |
          ((bytes[at + 5] as number) << 8) |
          ((bytes[at + 6] as number) << 16) |
          ((bytes[at + 7] as number) << 24));
      const t7 = 0x700 | (a & 0xff);
      const t6 = 0x600 | ((a >>> 8) & 0xff);
      const t5 = 0x500 | ((a >>> 16) & 0xff);
      const t4 = 0x400 | (a >>> 24);
      const t3 = 0x300 | (b & 0xff);
      const t2 = 0x200 | ((b >>> 8) & 0xff);
      const t1 = 0x100 | ((b >>> 16) & 0xff);
      const t0 = b >>> 24;
      lowHalf =
        (low[t7] as number) ^
        (low[t6] as number) ^
        (low[t5] as number) ^
        (low[t4] as number) ^
        (low[t3] as number) ^
        (low[t2] as number) ^
        (low[t1] as number) ^
        (low[t0] as number);
      highHalf =
        (high[t7] as number) ^
        (high[t6] as number) ^
        (high[t5] as number) ^
        (high[t4] as number) ^
        (high[t3] as number) ^
        (high[t2] as number) ^
        (high[t1] as number) ^
        (high[t0] as number);
    }
    for (; at < end; at++) {
      const entry = (lowHalf ^ (bytes[at] as number)) & 0xff;
      lowHalf = ((lowHalf >>> 8) | (highHalf << 24)) ^ (low[entry] as number);
      highHalf = (highHalf >>> 8) ^ (high[entry] as number);
    }
    this.lowHalf = lowHalf;
    this.highHalf = highHalf;
  }

  get value(): bigint {
    return (BigInt(this.highHalf >>> 0) << 32n) | BigInt(this.lowHalf >>> 0);
  }

  /** As files hold it: eight bytes, least significant first. */
  toBytes(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigUInt64LE(this.value);
    return bytes;
  }
}

export function crc64(bytes: Uint8Array): bigint {
  const sum = new Crc64();
  sum.add(bytes);
  return sum.value;
}
