/**
 * A recorded volume made by a user who is not root, in a user namespace: runs the promises of a file system on it, kills
 * a process there at an exact operation, and prints the results as `promises-main.ts` does.
 *
 *     node unprivileged-main.js FOLDER SEED
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { RecordedVolume } from "../../harness/fuse/recorded-volume.ts";
import type { PromiseResult } from "../file-system/promises-main.ts";

const [folder, seed] = process.argv.slice(2);
if (folder === undefined || seed === undefined) throw new Error("usage: unprivileged-main FOLDER SEED");
if (process.getuid?.() === 0) throw new Error("this must not run as root");

const dir = path.join(folder, "volume");
mkdirSync(dir);
const volume = await RecordedVolume.create(dir);
try {
  const program = fileURLToPath(new URL("../file-system/promises-main.js", import.meta.url));
  const promises = volume.enter(process.execPath, [program, volume.dir, seed]);
  console.log((await execa(promises.command, promises.args)).stdout);

  await volume.arm([{ kind: "kill", name: "kill", when: { on: ["rename"] }, side: "before", scope: "process" }], seed);
  const rename = volume.enter("sh", ["-c", 'cd "$1" && touch a && exec mv a b', "sh", volume.dir]);
  const { signal } = await execa(rename.command, rename.args, { reject: false });
  const names = [...(await volume.image()).keys()];
  const killed = signal === "SIGKILL" && names.includes("a") && !names.includes("b");
  const name = "a process is killed at an exact operation";
  const result: PromiseResult = killed
    ? { name }
    : { name, broken: `it ended with ${signal}, leaving ${names.join()}` };
  console.log(JSON.stringify(result));
} finally {
  await volume.dispose();
}
