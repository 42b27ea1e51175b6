/**
 * A harness that somebody will kill: it has an ext4 on a recorded disk in a run's folder, with a store on it that never stops
 * writing and syncing.
 *
 *     node killed-filesystem-main.js PARENT    prints {"folder":…,"volumePid":…,"storePids":[…]} and then waits
 */
import { spawn } from "node:child_process";
import { FilesystemVolume } from "../../harness/block/filesystem-volume.ts";
import { filesystems } from "../../harness/block/filesystems.ts";
import { RunFolder } from "../../harness/run-folder.ts";

const [parent] = process.argv.slice(2);
const run = new RunFolder(parent);
const volume = await FilesystemVolume.create(run, filesystems.ext4);
const script = 'i=0; while :; do i=$((i + 1)); echo "$i" >> log; sync log; done';
const { command, args } = volume.enter("sh", ["-c", `cd '${volume.dir}'\n${script}`]);
const { pid = 0 } = spawn(command, args, { stdio: "ignore", detached: true });
run.recordProcess(pid);
const recordCount = async (): Promise<number> => {
  const journal = await volume.journal();
  journal.close();
  return journal.records.length;
};
const before = await recordCount();
while ((await recordCount()) < before + 20);
console.log(JSON.stringify({ folder: run.dir, volumePid: volume.pid, storePids: [pid] }));
setInterval(() => undefined, 1_000);
