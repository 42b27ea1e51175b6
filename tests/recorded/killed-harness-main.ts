/**
 * A harness that somebody will kill: it has a recorded volume in a run's folder, with a store on it that never stops
 * writing and one that waits for a sync that hangs.
 *
 *     node killed-harness-main.js PARENT    prints {"folder":…,"volumePid":…,"storePids":[…]} and then waits
 */
import { spawn } from "node:child_process";
import { RunFolder } from "../../harness/run-folder.ts";

const [parent] = process.argv.slice(2);
const run = new RunFolder(parent);
const volume = await run.newRecordedVolume();
await volume.arm([{ kind: "stall", name: "hang", when: { on: ["fsync"] } }], "seed");
const storePids = [
  'i=0; while :; do i=$((i + 1)); echo "$i" >> log; done',
  "echo waits > synced; exec sync synced",
].map((script) => {
  const { command, args } = volume.enter("sh", ["-c", `cd '${volume.dir}'\n${script}`]);
  const { pid = 0 } = spawn(command, args, { stdio: "ignore", detached: true });
  run.recordProcess(pid);
  return pid;
});
for (;;) {
  const journal = await volume.journal();
  journal.close();
  if (journal.records.some(({ kind }) => kind === "sync-start") && journal.records.length > 20) break;
}
console.log(JSON.stringify({ folder: run.dir, volumePid: volume.pid, storePids }));
