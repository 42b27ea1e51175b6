/**
 * Digests: two values are the same when their digests are. A history of a hundred thousand calls has as many versions of
 * its keys; a recovered value is looked up among them by digest, and a digest follows its value through every change in
 * constant time, so that a list of n elements costs n steps to build and not n².
 *
 *     text               a polynomial over its characters
 *     hash, set, zset    the sum over what they hold, in any order
 *     list               Σ item(i) · Bⁱ, which can grow and shrink at both ends, because B is odd and has an inverse
 *
 * Each digest is two numbers of 32 bits from two independent polynomials. Equal values always have equal digests, so a
 * lawful state is never accused; that two different values share both is a matter of 2⁻⁶⁴.
 */

export interface Digest {
  readonly a: number;
  readonly b: number;
}

const multiplierA = 0x01000193;
const multiplierB = 0x5bd1e995;

/** The state of a text's digest after its characters so far: it can go on where it stopped. */
export function extendA(state: number, text: string): number {
  let hash = state;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), multiplierA);
  return hash;
}

export function extendB(state: number, text: string): number {
  let hash = state;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash, multiplierB) + text.charCodeAt(index) + 1;
  return hash | 0;
}

export const textStartA = 0x811c9dc5 | 0;
export const textStartB = 0x2545f491;

/** Spreads every bit over all bits, so that sums and products of digests do not cancel out. */
export function spread(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

export function textA(text: string): number {
  return spread(extendA(textStartA, text));
}

export function textB(text: string): number {
  return spread(extendB(textStartB, text));
}

/** One digest from two, in this order. */
export function join(first: number, second: number): number {
  return spread(Math.imul(first, 0x9e3779b1) + second);
}

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

/** A score: equal numbers have equal digests, and −0 is 0. */
export function numberDigest(value: number): number {
  float[0] = value === 0 ? 0 : value;
  return join(halves[0] as number, halves[1] as number);
}

/** The polynomial of a list, and its inverse modulo 2³². */
export const baseA = 0x9e3779b1 | 0;
export const baseB = 0x85ebca6b | 0;
export const inverseA = inverseOf(baseA);
export const inverseB = inverseOf(baseB);

/** Newton's iteration doubles the number of right bits each time; every odd number is its own inverse modulo 8. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let round = 0; round < 4; round++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}

export function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}
