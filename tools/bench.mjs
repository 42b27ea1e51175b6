// Runs one benchmark: `npm run bench -- NAME [options]`; without a name it says which there are.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { filesBelow } from "./files.mjs";

const folder = path.resolve(import.meta.dirname, "..", "dist", "bench");
const names = filesBelow(folder, ".js").map((file) => path.basename(file, ".js"));
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`which one? ${names.join(", ")}`);
  process.exit(name === undefined ? 4 : 2);
}
const { status } = spawnSync(process.execPath, [path.join(folder, `${name}.js`), ...options], { stdio: "inherit" });
process.exit(status ?? 1);
