/**
 * What is mounted where, as a process of this kernel sees it: its mountinfo.
 *
 *     411 29 0:52 / /data rw,relatime - fuse.lossbound /tmp/lossbound-…/d1/mount rw,…
 *            │    │ └ where it is      └ type          └ source
 *            │    └ which folder of that file system
 *            └ the device: the same number is the same file system, wherever it is seen
 */
import { readFileSync } from "node:fs";

/** Of recorded volumes. Their source is the folder that they were first mounted on. */
export const recordedType = "fuse.lossbound";

export interface MountEntry {
  readonly device: string;
  /** The folder of the file system that is shown there. */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
}

/** In the order in which they were mounted. Empty for a process that is gone, or not ours to ask about. */
export function mountsOf(pid: number | "self"): MountEntry[] {
  const text = readOrGone(`/proc/${pid}/mountinfo`);
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , device, root, mountPoint] = before.split(" ");
    const [type = "", source = ""] = after.split(" ");
    if (device === undefined || root === undefined || mountPoint === undefined) return [];
    return {
      device,
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      type,
      source: unescapeOctal(source),
    };
  });
}

/** The one on top, where several are mounted on one another. */
export function mountAt(dir: string, pid: number | "self" = "self"): MountEntry | undefined {
  return mountsOf(pid).findLast(({ mountPoint }) => mountPoint === dir);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function readOrGone(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    // EINVAL: it is ending, and has no namespace any more.
    if (["ENOENT", "ESRCH", "EACCES", "EPERM", "EINVAL"].includes(code)) return "";
    throw error;
  }
}
