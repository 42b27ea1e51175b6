// `npm run nodes`: makes the same recordings on Node 20, 22, 24 and 26, and compares them byte for byte. The binaries come
// from npm (the packages behind `node`), into a folder that stays for the next time: about 200 MB each.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const cache = process.env.LOSSBOUND_NODES ?? path.join(tmpdir(), "lossbound-node-versions");
const main = path.join(root, "dist", "tests", "simulated", "digest-main.js");
const versions = ["20", "22", "24", "26"];
const presets = ["always", "everysec", "rdb-only", "hardened"];
/** Worlds of the swarm, beside one plan that is always the same. */
const cycles = ["1", "2", "3", "4", "5"];
const seed = process.argv[2] ?? "node versions";

/** Where the binary is; undefined, with the reason on stderr, when npm cannot get it. */
function nodeOf(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = path.join(cache, version);
  const binary = path.join(folder, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, `${name}@${version}`];
  const { status, error, stderr } = spawnSync("npm", args, { encoding: "utf8", timeout: 300_000 });
  if (status === 0 && existsSync(binary)) return binary;
  console.error(`Node ${version} cannot be had from npm: ${error?.message ?? stderr.trim().split("\n").at(-1)}`);
  return undefined;
}

const works = presets.flatMap((preset) => [preset, ...cycles.map((cycle) => `${preset}:${cycle}`)]);
const digests = (node) =>
  execFileSync(node, [main, seed, ...works], { encoding: "utf8" })
    .trim()
    .split("\n");

const here = digests(process.execPath);
let differing = 0;
let missing = 0;
for (const version of versions) {
  const node = nodeOf(version);
  if (node === undefined) {
    missing++;
    continue;
  }
  const there = digests(node);
  const wrong = works.filter((_, index) => there[index] !== here[index]);
  differing += wrong.length;
  const name = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const verdict = wrong.length === 0 ? "the same" : `differs: ${wrong.join(", ")}`;
  console.log(`${name.padEnd(10)} ${works.length} recordings, ${verdict}`);
}
console.log(`seed "${seed}", held against ${process.version}`);
process.exitCode = differing > 0 ? 1 : missing > 0 ? 5 : 0;
