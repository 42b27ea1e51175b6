// One real finding, from nothing to its evidence, in under two minutes: redis-server keeps a log that is synced every
// second, its log is rewritten, and the power goes. Needs redis-server and FUSE.
import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const target = process.argv[2] ?? "redis-server";
const order = [
  ["explore", "power-cut/during-aof-rewrite", "--target", target, "--preset", "everysec"],
  // What any honest disk leaves, and what most do: these two are where the finding is.
  ["--model", "ordered", "--model", "prefix"],
  ["--runs", "4", "--time", "80s", "--max-failures", "1", "--out", "results/demo"],
].flat();

console.log(
  `A store is recorded while its log is rewritten; then its power is cut at every moment of that.\n\n  lossbound ${order.join(" ")}\n`,
);
const { status } = spawnSync(process.execPath, [path.join(root, "dist/harness/cli/main.js"), ...order], {
  cwd: root,
  stdio: "inherit",
});
if (status === 1) {
  console.log(
    "\nThat is what a demo is for. The bundle named above is the evidence: lossbound replay judges it again, and the",
  );
  console.log("repro.sh in it starts the store on the very same files, with nothing but the store and redis-cli.");
  process.exit(0);
}
if (status === 0) console.log(`\nNothing was found on ${target}: it is honest where redis-server 7.0 is not.`);
process.exit(status ?? 1);
