/**
 * The last resort for a process that waits in the kernel for a file system that no longer answers: it survives SIGKILL,
 * until the connection of its file system is aborted through fusectl.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const connections = "/sys/fs/fuse/connections";

/** Aborts the connections of every recorded volume that these processes can see; of no other file system. */
export function abortConnectionsOf(pids: readonly number[]): void {
  const numbers = new Set(pids.flatMap(recordedMountsOf));
  for (const number of numbers) abort(number);
}

function recordedMountsOf(pid: number): number[] {
  const file = `/proc/${pid}/mountinfo`;
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes(" - fuse.lossbound "))
    .flatMap((line) => Number(/^\S+ \S+ 0:(\d+) /.exec(line)?.[1] ?? []));
}

function abort(connection: number): void {
  // fusectl is not mounted everywhere. Where it is not, it is for the time of this command, and nobody else sees it.
  const script = `[ -e "$1" ] || mount -t fusectl fusectl ${connections}; echo 1 > "$1"`;
  const file = `${connections}/${connection}/abort`;
  const { status, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script, "sh", file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`connection ${connection} cannot be aborted: ${stderr.trim()}`);
}
