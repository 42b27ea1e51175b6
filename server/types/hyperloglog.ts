/**
 * A HyperLogLog: how many different elements were added, within a percent, in 12 KB at most. It is an ordinary string,
 * and byte for byte what Redis makes of the same elements:
 *
 *     "HYLL" │ encoding │ 3 × 0 │ count, 8 bytes, the top bit of the last: not valid any more │ registers
 *
 *     dense    16384 registers of 6 bits, from the lowest bit of the first byte on
 *     sparse   runs of registers      00llllll            l + 1 registers of 0                  ZERO
 *                                     01llllll llllllll   l + 1 registers of 0                  XZERO
 *                                     1vvvvvll            l + 1 registers of v + 1              VAL
 *
 * An element's hash names a register (its low 14 bits) and a value for it (the place of the lowest bit set of the
 * others); a register keeps the greatest value. A sparse one that becomes too long, or has to hold more than 32, becomes
 * dense and stays so.
 */
import { hashOfElement } from "./murmur-hash.ts";

export const registerCount = 16384;
const headerBytes = 16;
const denseBytes = headerBytes + (registerCount * 6) / 8;
const encodingAt = 4;
const countAt = 8;
const countStaleAt = 15;
const dense = 0;
const sparse = 1;
const longestZero = 64;
const longestVal = 4;
const greatestSparseValue = 32;
/** Runs that are looked at after a change, for neighbours to be joined. */
const joinedRunsMax = 5;
/** 0.5 / ln 2 */
const alpha = 0.7213475204444817;
/** Bits of a hash that do not name the register. */
const valueBits = 50;

/** The string begins like a HyperLogLog, and its registers do not add up. */
export class CorruptedSketch extends Error {
  override readonly name = "CorruptedSketch";
}

/** A run of equal registers in a sparse one. */
interface Run {
  readonly value: number;
  readonly length: number;
  /** How long it is written: 1 byte, or 2 for XZERO. */
  readonly bytes: 1 | 2;
}

function runAt(bytes: Uint8Array, at: number): Run {
  const byte = bytes[at] as number;
  if (byte & 0x80) return { value: ((byte >> 2) & 0x1f) + 1, length: (byte & 3) + 1, bytes: 1 };
  if (byte & 0x40) return { value: 0, length: (((byte & 0x3f) << 8) | (bytes[at + 1] ?? 0)) + 1, bytes: 2 };
  return { value: 0, length: byte + 1, bytes: 1 };
}

function zeros(length: number): number[] {
  const stored = length - 1;
  return length > longestZero ? [0x40 | (stored >> 8), stored & 0xff] : [stored];
}

function val(value: number, length: number): number {
  return 0x80 | ((value - 1) << 2) | (length - 1);
}

function isVal(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] as number) & 0x80) !== 0;
}

export class HyperLogLog {
  private bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static empty(): HyperLogLog {
    const bytes = Buffer.alloc(headerBytes + 2);
    bytes.write("HYLL", "latin1");
    bytes[encodingAt] = sparse;
    bytes.set(zeros(registerCount), headerBytes);
    return new HyperLogLog(bytes);
  }

  /** Undefined when the string does not begin like one. Its registers are looked at only when they are needed. */
  static parse(text: string): HyperLogLog | undefined {
    if (text.length < headerBytes || !text.startsWith("HYLL")) return undefined;
    const encoding = text.charCodeAt(encodingAt);
    if (encoding > sparse || (encoding === dense && text.length !== denseBytes)) return undefined;
    return new HyperLogLog(Buffer.from(text, "latin1"));
  }

  /** Latin1. */
  get text(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length).toString("latin1");
  }

  get isDense(): boolean {
    return this.bytes[encodingAt] === dense;
  }

  /** True when that changed a register. @throws CorruptedSketch */
  add(element: string, sparseBytesMax: number): boolean {
    const hash = hashOfElement(element);
    const value = lowestBit(hash >> 14n);
    return this.raise(Number(hash & 0x3fffn), value, sparseBytesMax);
  }

  /** Sets a register that is smaller. True when it was. @throws CorruptedSketch */
  raise(index: number, value: number, sparseBytesMax: number): boolean {
    if (this.isDense) return this.raiseDense(index, value);
    if (value <= greatestSparseValue) {
      const raised = this.raiseSparse(index, value, sparseBytesMax);
      if (raised !== undefined) return raised;
    }
    this.toDense();
    return this.raiseDense(index, value);
  }

  /** @throws CorruptedSketch */
  toDense(): void {
    if (this.isDense) return;
    const registers = this.registers();
    const bytes = new Uint8Array(denseBytes);
    bytes.set(this.bytes.subarray(0, headerBytes));
    bytes[encodingAt] = dense;
    this.bytes = bytes;
    for (let index = 0; index < registerCount; index++) this.raiseDense(index, registers[index] as number);
  }

  /** @throws CorruptedSketch */
  registers(): Uint8Array {
    const registers = new Uint8Array(registerCount);
    if (this.isDense) {
      for (let index = 0; index < registerCount; index++) registers[index] = this.denseRegister(index);
      return registers;
    }
    let index = 0;
    for (const { value, length } of this.runs()) {
      if (index + length > registerCount) throw new CorruptedSketch();
      registers.fill(value, index, index + length);
      index += length;
    }
    if (index !== registerCount) throw new CorruptedSketch();
    return registers;
  }

  /** Of a sparse one. */
  *runs(): Generator<Run, void, undefined> {
    for (let at = headerBytes; at < this.bytes.length; ) {
      const run = runAt(this.bytes, at);
      yield run;
      at += run.bytes;
    }
  }

  /** The count that was kept when it was last asked for; undefined: elements were added since. */
  get keptCount(): number | undefined {
    if (((this.bytes[countStaleAt] as number) & 0x80) !== 0) return undefined;
    return Number(Buffer.from(this.bytes).readBigUInt64LE(countAt));
  }

  /** Works the count out and keeps it. @throws CorruptedSketch */
  count(): number {
    const count = countOf(this.registers());
    const kept = Buffer.alloc(8);
    kept.writeBigUInt64LE(BigInt(count));
    this.bytes.set(kept, countAt);
    return count;
  }

  forgetCount(): void {
    this.bytes[countStaleAt] = (this.bytes[countStaleAt] as number) | 0x80;
  }

  // ── Dense ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private denseRegister(index: number): number {
    const bit = index * 6;
    const at = headerBytes + (bit >> 3);
    const pair = (this.bytes[at] as number) | ((this.bytes[at + 1] ?? 0) << 8);
    return (pair >> (bit & 7)) & 63;
  }

  private raiseDense(index: number, value: number): boolean {
    if (value <= this.denseRegister(index)) return false;
    const { bytes } = this;
    const bit = index * 6;
    const at = headerBytes + (bit >> 3);
    const shift = bit & 7;
    bytes[at] = ((bytes[at] as number) & ~(63 << shift)) | (value << shift);
    if (shift > 2) bytes[at + 1] = ((bytes[at + 1] as number) & ~(63 >> (8 - shift))) | (value >> (8 - shift));
    return true;
  }

  // ── Sparse ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Undefined: it would become too long. */
  private raiseSparse(index: number, value: number, bytesMax: number): boolean | undefined {
    let at = headerBytes;
    let previous = headerBytes;
    let first = 0;
    let run: Run | undefined;
    for (; at < this.bytes.length; at += run.bytes) {
      run = runAt(this.bytes, at);
      if (index < first + run.length) break;
      previous = at;
      first += run.length;
    }
    if (run === undefined || at >= this.bytes.length) throw new CorruptedSketch();
    if (run.value >= value) return false;
    const before = index - first;
    const behind = first + run.length - 1 - index;
    const rest = (length: number) => (run.value > 0 ? [val(run.value, length)] : zeros(length));
    const sequence = [...(before > 0 ? rest(before) : []), val(value, 1), ...(behind > 0 ? rest(behind) : [])];
    const longer = sequence.length - run.bytes;
    if (longer > 0 && this.bytes.length + longer > bytesMax) return undefined;
    this.replace(at, run.bytes, sequence);
    this.joinNeighbours(previous);
    this.forgetCount();
    return true;
  }

  private replace(at: number, length: number, sequence: readonly number[]): void {
    const { bytes } = this;
    const changed = new Uint8Array(bytes.length - length + sequence.length);
    changed.set(bytes.subarray(0, at));
    changed.set(sequence, at);
    changed.set(bytes.subarray(at + length), at + sequence.length);
    this.bytes = changed;
  }

  /** Joins runs of the same value that became neighbours, from the run at `from` on. */
  private joinNeighbours(from: number): void {
    let at = from;
    for (let looked = 0; looked < joinedRunsMax && at < this.bytes.length; looked++) {
      const run = runAt(this.bytes, at);
      if (run.value > 0 && at + 1 < this.bytes.length && isVal(this.bytes, at + 1)) {
        const next = runAt(this.bytes, at + 1);
        const length = run.length + next.length;
        if (next.value === run.value && length <= longestVal) {
          this.replace(at, 2, [val(run.value, length)]);
          continue;
        }
      }
      at += run.bytes;
    }
  }
}

/** The place of the lowest bit that is set, from 1; one behind the last when there is none. */
function lowestBit(bits: bigint): number {
  let place = 1;
  while (place <= valueBits && (bits & 1n) === 0n) {
    place++;
    bits >>= 1n;
  }
  return place;
}

/** The estimate of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017. */
export function countOf(registers: Uint8Array): number {
  const m = registerCount;
  const howMany = new Array<number>(64).fill(0);
  for (const register of registers) howMany[register] = (howMany[register] as number) + 1;
  let z = m * tau((m - (howMany[valueBits + 1] as number)) / m);
  for (let value = valueBits; value >= 1; value--) z = (z + (howMany[value] as number)) * 0.5;
  z += m * sigma((howMany[0] as number) / m);
  return Math.round((alpha * m * m) / z);
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = share;
  for (let before = Number.NaN; before !== z; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - share;
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
