/**
 * The arithmetic of INCRBYFLOAT and HINCRBYFLOAT. Redis calculates with x86's 80-bit floating point numbers, which have
 * a mantissa of 64 bits, and prints 17 decimals; a double has 53 bits and would show another last digit.
 *
 *     0.1 + 0.2   as doubles        0.30000000000000004
 *                 with 64 bits      0.3000000000000000000108…  →  "0.3"
 *
 * So numbers are kept as a whole mantissa and a power of two, and rounded as the processor does: to the nearest, and
 * between two of them to the even one.
 */

/** mantissa · 2^exponent. The mantissa has at most 64 bits, and the sign. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const mantissaBits = 64;
/** Numbers of more decimal places, before or behind the point, are infinite, or zero, to 80 bits. */
const placesMax = 4933;
const placesMin = -4950;
const decimals = 17;
const scale = 10n ** BigInt(decimals);
const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/;
/** As long as Redis's buffer for such texts. */
const longestText = 5 * 1024;

/** Undefined for what is no number, or none that 80 bits can hold. */
export function parseLongDouble(text: string): LongDouble | undefined {
  const match = decimal.exec(text);
  if (match === null || text.length >= longestText) return undefined;
  const [, sign, whole = "", fraction = "", power = "0"] = match;
  if (whole.length + fraction.length === 0) return undefined;
  const digits = BigInt(whole + fraction);
  const exponent = Number(power) - fraction.length;
  if (digits === 0n) return { mantissa: 0n, exponent: 0 };
  const places = exponent + digits.toString().length;
  if (places > placesMax || places < placesMin) return undefined;
  const signed = sign === "-" ? -digits : digits;
  return exponent >= 0 ? round(signed * 10n ** BigInt(exponent), 1n) : round(signed, 10n ** BigInt(-exponent));
}

export function addLongDoubles(first: LongDouble, second: LongDouble): LongDouble {
  const exponent = Math.min(first.exponent, second.exponent);
  const shifted = ({ mantissa, exponent: own }: LongDouble) => mantissa << BigInt(own - exponent);
  const sum = round(shifted(first) + shifted(second), 1n);
  return { mantissa: sum.mantissa, exponent: sum.exponent + exponent };
}

/** 17 decimals, trailing zeros dropped. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const scaled =
    exponent >= 0 ? (magnitude << BigInt(exponent)) * scale : divideEven(magnitude * scale, 1n << BigInt(-exponent));
  if (scaled === 0n) return "0";
  const digits = scaled.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, -decimals);
  const fraction = digits.slice(-decimals).replace(/0+$/, "");
  return `${mantissa < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** numerator / denominator, with a mantissa of 64 bits. */
function round(numerator: bigint, denominator: bigint): LongDouble {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  const magnitude = numerator < 0n ? -numerator : numerator;
  let exponent = bitLength(magnitude) - bitLength(denominator) - mantissaBits;
  let mantissa = quotient(magnitude, denominator, exponent);
  // The estimate of the exponent may be one too small; then the mantissa came out one bit too long.
  if (bitLength(mantissa) > mantissaBits) {
    exponent++;
    mantissa = quotient(magnitude, denominator, exponent);
  }
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent };
}

function quotient(numerator: bigint, denominator: bigint, exponent: number): bigint {
  return exponent >= 0
    ? divideEven(numerator, denominator << BigInt(exponent))
    : divideEven(numerator << BigInt(-exponent), denominator);
}

/** Both are positive. */
function divideEven(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const twiceRest = (numerator % denominator) * 2n;
  const up = twiceRest > denominator || (twiceRest === denominator && whole % 2n === 1n);
  return up ? whole + 1n : whole;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
