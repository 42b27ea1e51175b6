// Writes harness/block/calibration/confirmations.ts from what `lossbound calibrate --json` found on this machine:
//
//     lossbound calibrate --json | node tools/confirmations.mjs
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const folder = path.resolve(import.meta.dirname, "..");
const file = path.join(folder, "harness", "block", "calibration", "confirmations.ts");
const { seed, calibrations } = JSON.parse(readFileSync(0, "utf8"));
const before = readFileSync(file, "utf8");
const begin = before.indexOf("export const confirmations");
const end = before.indexOf("\n};\n", begin) + "\n};\n".length;
if (begin < 0 || end < begin) throw new Error(`${file} holds no table`);
const rows = calibrations.map(({ filesystem, kernel, mountOptions, sightings, laws, models }) => {
  const confirmed = Object.keys(laws).filter((law) => laws[law].confirmed);
  const asked = Object.keys(laws).filter((law) => laws[law].asked > 0);
  const seen = Object.keys(models).filter((model) => models[model] > 0);
  const row = { kernel, mountOptions, powerCuts: sightings, laws: confirmed, models: seen };
  return [filesystem, { ...row, notAtStake: Object.keys(laws).filter((law) => !asked.includes(law)) }];
});
const table = `export const confirmations: Readonly<Record<FilesystemName, Confirmation>> = ${JSON.stringify(Object.fromEntries(rows))};\n`;
writeFileSync(file, before.slice(0, begin) + table + before.slice(end));
spawnSync("npx", ["biome", "check", "--write", file], { cwd: folder, stdio: "inherit" });
console.log(`written with seed ${seed}: ${calibrations.map(({ filesystem }) => filesystem).join(", ")}`);
