/**
 * The loaders on damaged input, a million of them from a seed: no crash, no hang, no memory over 256 MB, and rule N5 (see
 * tests/fuzz/loader-fuzz.ts). Ends with code 1 at the first input on which a loader breaks its promise.
 *
 *     node dist/bench/loader-fuzz.js [INPUTS] [SEED]
 */
import { fuzz, loaders } from "../tests/fuzz/loader-fuzz.ts";

const inputs = Number(process.argv[2] ?? 1_000_000);
const seed = process.argv[3] ?? String(Date.now());
const roundInputs = 2000;
const memoryMbMax = 256;

const megabytes = () => process.memoryUsage().rss / 2 ** 20;
const kinds = Object.keys(loaders);
const counts = new Map(kinds.map((kind) => [kind, { accepted: 0, rejected: 0, slowestMs: 0 }]));
const beforeMb = megabytes();
let peakMb = beforeMb;
let done = 0;
const began = performance.now();
console.log(`seed ${seed}`);
for (let round = 0; done < inputs; round++) {
  const kind = kinds[round % kinds.length] as string;
  const found = fuzz(kind, `${seed}/${round}`, Math.min(roundInputs, inputs - done), () => performance.now());
  const total = counts.get(kind);
  if (total !== undefined) {
    total.accepted += found.accepted;
    total.rejected += found.rejected;
    total.slowestMs = Math.max(total.slowestMs, found.slowestMs);
  }
  done += found.accepted + found.rejected;
  peakMb = Math.max(peakMb, megabytes());
}
const seconds = (performance.now() - began) / 1000;
for (const [kind, { accepted, rejected, slowestMs }] of counts) {
  console.log(`${kind.padEnd(9)} ${accepted} accepted, ${rejected} rejected, slowest ${slowestMs.toFixed(0)} ms`);
}
const grownMb = peakMb - beforeMb;
console.log(
  `${done} inputs, ${Math.round(done / seconds)} a second, memory +${grownMb.toFixed(0)} MB (at most ${memoryMbMax} MB)`,
);
process.exit(grownMb <= memoryMbMax ? 0 : 1);
