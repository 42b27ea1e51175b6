/**
 * Randomised tests: a property that must hold for whatever fast-check makes up. The seed is drawn anew in every run and
 * printed; LOSSBOUND_TEST_SEED sets it. A failure is shrunk, and shows the smallest input and the path to it.
 */
import fc from "fast-check";

export const seed = Number(process.env.LOSSBOUND_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
let isPrinted = false;

/** The seed, for a test that draws by itself. */
export function announcedSeed(): number {
  if (!isPrinted) console.log(`      randomised tests: LOSSBOUND_TEST_SEED=${seed}`);
  isPrinted = true;
  return seed;
}

export function holds<T>(property: fc.IProperty<T>, runs = 200): void {
  fc.assert(property, { seed: announcedSeed(), numRuns: runs });
}

/** Latin1 strings, every byte possible, and often ones that look like integers. */
export function latin1(maxLength = 100): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1")) },
    { weight: 1, arbitrary: fc.integer().map(String) },
    { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n) - 2n, max: 2n ** 63n + 2n }).map(String) },
    { weight: 1, arbitrary: fc.constantFrom("", "0", "-0", "00", "-1", "+1", "1.0", " 1", "-", "127", "128", "-4096") },
  );
}
