/** MurmurHash64A, little-endian, with the seed that Redis gives it: it decides which register an element falls into. */

const seed = 0xadc83b19n;
const m = 0xc6a4a7935bd1e995n;
const shift = 47n;

/** 64 bits of a latin1 string. */
export function hashOfElement(element: string): bigint {
  const bytes = Buffer.from(element, "latin1");
  const whole = bytes.length - (bytes.length % 8);
  let hash = seed ^ multiplied(BigInt(bytes.length));
  for (let at = 0; at < whole; at += 8) {
    const mixed = multiplied(bytes.readBigUInt64LE(at));
    hash = multiplied(hash ^ multiplied(mixed ^ (mixed >> shift)));
  }
  if (whole < bytes.length) {
    for (let at = whole; at < bytes.length; at++) hash ^= BigInt(bytes[at] as number) << BigInt((at - whole) * 8);
    hash = multiplied(hash);
  }
  hash = multiplied(hash ^ (hash >> shift));
  return hash ^ (hash >> shift);
}

function multiplied(value: bigint): bigint {
  return BigInt.asUintN(64, value * m);
}
