// Runs mocha over the compiled tests and closes with one plain line, `N passed, M failed`.
// Arguments: source files or folders of tests to run (none = all), and `--grep TEXT`.
import path from "node:path";
import { parseArgs } from "node:util";
import Mocha from "mocha";
import { filesBelow } from "./files.mjs";

const root = path.resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({ allowPositionals: true, options: { grep: { type: "string" } } });

const everything = ["server", "harness", "scenarios", "reports", "tests"].flatMap((folder) =>
  filesBelow(path.join(root, "dist", folder), ".test.js"),
);
const wanted = positionals.map((name) =>
  path.resolve(root, "dist", path.relative(root, path.resolve(name))).replace(/\.ts$/, ".js"),
);
const files = everything.filter(
  (file) => wanted.length === 0 || wanted.some((name) => file === name || file.startsWith(`${name}/`)),
);
if (files.length === 0) {
  console.error(`no compiled test matches ${positionals.join(" ") || "anything"}`);
  process.exit(4);
}

process.env.NODE_ENV = "test";
const mocha = new Mocha({ reporter: "spec", timeout: 30_000, forbidOnly: Boolean(process.env.CI), grep: values.grep });
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();

const runner = mocha.run((failures) => {
  const { passes = 0, pending = 0 } = runner.stats ?? {};
  console.log(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ""}`);
  // A test that leaves a handle open would hang here for ever without this; it is reported, not waited for.
  process.exitCode = failures > 0 || passes === 0 ? 1 : 0;
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter((name) => name !== "Timeout");
    console.error(`still open ten seconds after the last test: ${open.join(", ") || "timers"}`);
    process.exit(process.exitCode || 1);
  }, 10_000).unref();
});
