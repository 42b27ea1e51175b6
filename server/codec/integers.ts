/**
 * Texts that are integers. Redis stores a string as an integer when, and only when, printing the integer gives the
 * same string again: no plus sign, no leading zero, no blank, no `-0`, and 64 bits suffice.
 */

const ZERO = 48;
const NINE = 57;
const MINUS = 45;
/** Every integer of so many digits is within 2^53. */
const safeDigits = 15;
const longestInt64 = 20;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** The integer a text stands for, when it is one of 64 bits and in canonical form: a bigint only beyond 2^53. */
export function canonicalInt64(text: string): number | bigint | undefined {
  const { length } = text;
  if (length === 0 || length > longestInt64) return undefined;
  let at = 0;
  let first = text.charCodeAt(0);
  if (first === MINUS) {
    at = 1;
    first = text.charCodeAt(1);
    if (first === ZERO) return undefined;
  }
  if (!(first >= ZERO && first <= NINE)) return undefined;
  if (first === ZERO) return length === 1 ? 0 : undefined;
  const start = at;
  let value = first - ZERO;
  for (at++; at < length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (length - start <= safeDigits) return start === 1 ? -value : value;
  const exact = BigInt(text);
  if (exact > int64Max || exact < int64Min) return undefined;
  const asNumber = Number(exact);
  return Number.isSafeInteger(asNumber) ? asNumber : exact;
}

/** The same, within 2^53 only. */
export function canonicalInteger(text: string): number | undefined {
  const value = canonicalInt64(text);
  return typeof value === "bigint" ? undefined : value;
}
