/**
 * What a HyperLogLog says, whatever its bytes: 16384 registers, each the longest run of zeros that was met among the
 * hashes of its share of the elements.
 *
 * A store keeps them in several forms, sparse and dense, with a count that may or may not be worked out; which form it is
 * in hangs on limits and on history, and is no promise. So both sides of a comparison are brought into one form, a text:
 *
 *     HYLL 77:1 1203:4 …           register:value, in order, without those that are 0
 */
import type { Bytes } from "../recording/history.ts";

const indexBits = 14n;
const registerCount = 2 ** 14;
/** Bits of a hash that are counted: with its last one set, no run of zeros is longer. */
const countedBits = 50;
const headerBytes = 16;
const denseBytes = headerBytes + (registerCount * 6) / 8;
const magic = "HYLL";

/** By register; those that are 0 are absent. */
export type Sketch = ReadonlyMap<number, number>;

export function readSketch(text: Bytes): Sketch {
  const [, ...parts] = text.split(" ");
  return new Map(parts.map((part) => part.split(":").map(Number) as [number, number]));
}

export function sketchText(sketch: Sketch): Bytes {
  const parts = [...sketch].sort(([one], [other]) => one - other).map(([index, value]) => ` ${index}:${value}`);
  return magic + parts.join("");
}

/** With further elements, or with all that others have met. */
export function withElements(sketch: Sketch, elements: readonly Bytes[]): Sketch {
  return union([sketch, new Map(), ...elements.map((element) => new Map([registerOf(element)]))]);
}

export function union(sketches: readonly Sketch[]): Sketch {
  const joined = new Map<number, number>();
  for (const sketch of sketches) {
    for (const [index, value] of sketch) joined.set(index, Math.max(value, joined.get(index) ?? 0));
  }
  return joined;
}

/** A string as a store holds it: in the form above if it is a HyperLogLog, else as it is. */
export function plainString(bytes: Bytes): Bytes {
  const registers = bytes.startsWith(magic) && bytes.length >= headerBytes ? registersOf(bytes) : undefined;
  return registers === undefined ? bytes : sketchText(registers);
}

function registersOf(bytes: Bytes): Sketch | undefined {
  if (bytes.charCodeAt(4) === 0) return bytes.length === denseBytes ? denseRegisters(bytes) : undefined;
  return bytes.charCodeAt(4) === 1 ? sparseRegisters(bytes) : undefined;
}

/** Six bits each, the lowest first. */
function denseRegisters(bytes: Bytes): Sketch {
  const sketch = new Map<number, number>();
  for (let index = 0; index < registerCount; index++) {
    const bit = index * 6;
    const at = headerBytes + Math.floor(bit / 8);
    const two = bytes.charCodeAt(at) | ((at + 1 < bytes.length ? bytes.charCodeAt(at + 1) : 0) << 8);
    const value = (two >> (bit % 8)) & 0x3f;
    if (value > 0) sketch.set(index, value);
  }
  return sketch;
}

/** `00nnnnnn` so many zeros, `01nnnnnn nnnnnnnn` many of them, `1vvvvvnn` a value a few times; each less one. */
function sparseRegisters(bytes: Bytes): Sketch | undefined {
  const sketch = new Map<number, number>();
  let index = 0;
  for (let at = headerBytes; at < bytes.length; at++) {
    const code = bytes.charCodeAt(at);
    if (code >= 0x80) {
      for (let left = (code & 3) + 1; left > 0; left--) sketch.set(index++, ((code >> 2) & 0x1f) + 1);
    } else if (code < 0x40) index += code + 1;
    else index += (((code & 0x3f) << 8) | bytes.charCodeAt(++at)) + 1;
    if (index > registerCount) return undefined;
  }
  return index === registerCount ? sketch : undefined;
}

function registerOf(element: Bytes): [index: number, value: number] {
  const hash = murmur64(element);
  let rest = (hash >> indexBits) | (1n << BigInt(countedBits));
  let zeros = 1;
  for (; (rest & 1n) === 0n; rest >>= 1n) zeros++;
  return [Number(hash & BigInt(registerCount - 1)), zeros];
}

/** MurmurHash64A by Austin Appleby, in the public domain, with the seed of Redis. */
function murmur64(text: Bytes): bigint {
  const multiplier = 0xc6a4a7935bd1e995n;
  const times = (value: bigint) => BigInt.asUintN(64, value * multiplier);
  const bytes = Buffer.from(text, "latin1");
  let hash = 0xadc83b19n ^ times(BigInt(bytes.length));
  const wholeBytes = bytes.length - (bytes.length % 8);
  for (let at = 0; at < wholeBytes; at += 8) {
    const mixed = times(bytes.readBigUInt64LE(at));
    hash = times(hash ^ times(mixed ^ (mixed >> 47n)));
  }
  if (wholeBytes < bytes.length) {
    let tail = 0n;
    for (let at = bytes.length - 1; at >= wholeBytes; at--) tail = (tail << 8n) | BigInt(bytes[at] as number);
    hash = times(hash ^ tail);
  }
  hash = times(hash ^ (hash >> 47n));
  return hash ^ (hash >> 47n);
}

/** How many elements it has met, by Otmar Ertl's estimate. */
export function estimate(sketch: Sketch): number {
  const histogram = new Array<number>(countedBits + 2).fill(0);
  histogram[0] = registerCount - sketch.size;
  for (const value of sketch.values()) histogram[value] = (histogram[value] ?? 0) + 1;
  let sum = registerCount * tau((registerCount - (histogram[countedBits + 1] as number)) / registerCount);
  for (let value = countedBits; value >= 1; value--) sum = (sum + (histogram[value] as number)) / 2;
  sum += registerCount * sigma((histogram[0] as number) / registerCount);
  return Math.round((registerCount * registerCount) / (2 * Math.LN2 * sum));
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let [power, factor, sum, before] = [share, 1, share, Number.NaN];
  while (sum !== before) {
    power *= power;
    before = sum;
    sum += power * factor;
    factor *= 2;
  }
  return sum;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [root, factor, sum, before] = [share, 1, 1 - share, Number.NaN];
  while (sum !== before) {
    root = Math.sqrt(root);
    before = sum;
    factor /= 2;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
