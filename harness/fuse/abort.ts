/**
 * The last resort for a process that waits in the kernel for a file system that no longer answers: it survives SIGKILL,
 * until the connection of its file system is aborted through fusectl.
 */
import { spawnSync } from "node:child_process";
import { mountsOf, recordedType } from "./mount-table.ts";

const connections = "/sys/fs/fuse/connections";

/** Aborts the connections of the recorded volumes below `folder` that these processes can see; of no other file system. */
export function abortConnectionsOf(pids: readonly number[], folder: string): void {
  const mounts = pids.flatMap((pid) => mountsOf(pid));
  const ours = mounts.filter(({ type, source }) => type === recordedType && source.startsWith(`${folder}/`));
  for (const device of new Set(ours.map((mount) => mount.device))) abortConnection(Number(device.split(":")[1]));
}

export function abortConnection(connection: number): void {
  // fusectl is not mounted everywhere. Where it is not, it is for the time of this command, and nobody else sees it.
  const script = `[ -e "$1" ] || mount -t fusectl fusectl ${connections}; echo 1 > "$1"`;
  const file = `${connections}/${connection}/abort`;
  const { status, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script, "sh", file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`connection ${connection} cannot be aborted: ${stderr.trim()}`);
}
