// Makes a clone ready to run: installs what is missing, builds what is stale. `npm start` and `npm test` call it first,
// so a fresh clone needs nothing but Node and npm. `--build` builds even when nothing looks stale.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { filesBelow } from "./files.mjs";

const root = path.resolve(import.meta.dirname, "..");
const sourceFolders = ["server", "harness", "scenarios", "reports", "tests", "bench"];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`lossbound needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(3);
}

const changedMs = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);
const at = (...parts) => path.join(root, ...parts);

function run(command, args) {
  // stdout belongs to the verb that follows (`--json`), so all of this goes to stderr.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  console.error(`${path.basename(command)} ${args.join(" ")}: ${error?.message ?? "failed, see above"}`);
  process.exit(1);
}

/** Compares what is wanted with what is there, not dates: git gives a file it merely checked out today's date. */
function installIfNeeded() {
  const installed = versionsIn(at("node_modules/.package-lock.json"));
  const missing = [...versionsIn(at("package-lock.json"))].filter(([name, wanted]) =>
    wanted.optional ? false : installed.get(name)?.version !== wanted.version,
  );
  if (missing.length === 0) return;
  console.error("installing packages …");
  run("npm", ["ci", "--no-audit", "--no-fund"]);
}

function versionsIn(lockFile) {
  if (!existsSync(lockFile)) return new Map();
  const { packages } = JSON.parse(readFileSync(lockFile, "utf8"));
  return new Map(Object.entries(packages).filter(([name]) => name !== ""));
}

function buildIfStale(always) {
  const stamp = at("dist/.built");
  const sources = sourceFolders.flatMap((folder) => filesBelow(at(folder), ".ts"));
  const newest = Math.max(...[at("tsconfig.json"), ...sources].map(changedMs));
  const orphans = orphanedOutputs(new Set(sources));
  if (!always && orphans.length === 0 && changedMs(stamp) >= newest) return;
  console.error("building …");
  for (const orphan of orphans) rmSync(orphan);
  run(process.execPath, [at("node_modules/typescript/bin/tsc")]);
  run(process.execPath, [at("tools/programs.mjs")]);
  writeFileSync(stamp, `${new Date().toISOString()}\n`);
}

/** The page's template: the app, and what it shares with the other reports. */
function buildPageIfStale(always) {
  const template = at("dist/reports/page/template.html");
  const sources = [".tsx", ".ts", ".css", ".html"]
    .flatMap((suffix) => filesBelow(at("reports"), suffix))
    .filter((file) => !file.endsWith(".test.ts"));
  const newest = Math.max(...[at("tools/page.mjs"), ...sources].map(changedMs));
  if (!always && changedMs(template) >= newest) return;
  console.error("building the page …");
  run(process.execPath, [at("tools/page.mjs")]);
}

/** Compiled files whose source is gone: left behind they would still be run as tests. */
function orphanedOutputs(sources) {
  return sourceFolders
    .flatMap((folder) => filesBelow(at("dist", folder), ".js"))
    .filter((output) => !sources.has(at(path.relative(at("dist"), output).replace(/\.js$/, ".ts"))));
}

installIfNeeded();
buildIfStale(process.argv.includes("--build"));
buildPageIfStale(process.argv.includes("--build"));
