// `npm run night`: the simulated swarm with seeds that nobody has seen, until a million crash states were judged or
// something broke. Ends with one plain line; the seed is in it.
//
//     npm run night -- [--states 1000000] [--seed TEXT] [--time-ms MS]
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { states: { type: "string" }, seed: { type: "string" }, "time-ms": { type: "string" } },
});
const wanted = Number(values.states ?? 1_000_000);
const seed = values.seed ?? randomBytes(6).toString("hex");
const untilMs = performance.now() + Number(values["time-ms"] ?? Number.POSITIVE_INFINITY);

const { night } = await import("../dist/tests/simulated/night.js");
const { judged, judgedByIndex, broken, memoryMbMax } = await night({
  seed,
  wanted,
  untilMs,
  say: (line) => console.log(line),
});
console.log(
  `${judged.toLocaleString("en")} crash states judged (${judgedByIndex.toLocaleString("en")} by the index of the log), ${broken} broken, at most ${memoryMbMax} MB, seed ${seed}`,
);
process.exitCode = broken > 0 ? 1 : judged < wanted ? 5 : 0;
