/**
 * What an exposed volume leaves when its process was killed: a mount that refuses everything, and perhaps a file system on
 * a loop device whose disk is gone. Nobody answers for either, so taking them away waits for nobody.
 */
import { spawnSync } from "node:child_process";
import { mountAt, mountsOf } from "./mount-table.ts";

/** To be called when no process serves a volume below `folder` any more. @throws Error when one cannot be taken away */
export function unmountBelow(folder: string): void {
  const mounts = mountsOf("self").filter(({ mountPoint }) => mountPoint.startsWith(`${folder}/`));
  for (const { mountPoint } of mounts.reverse()) {
    const { status, stderr } = spawnSync("umount", ["-i", "-l", mountPoint], { encoding: "utf8" });
    // Two harnesses that start at a time sweep the same: it is enough that one of them did it.
    if (status !== 0 && mountAt(mountPoint) !== undefined)
      throw new Error(`${mountPoint} cannot be unmounted: ${stderr.trim()}`);
  }
}
