/**
 * Mounts and unmounts, with the commands of util-linux: mount(2) is not reachable from Node, but `mount` takes a descriptor
 * of /dev/fuse that it inherits, and the mount then refers to the very descriptor that we read requests from.
 *
 * Everything here is for the process of the recorded volume, inside its private mount namespace. It must wait without
 * blocking: the commands may look at the mount, and then it is this process that has to answer them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { ControlError } from "./control.ts";

const writeBackPatienceMs = 10_000;

export interface FuseMount {
  readonly fd: number;
  /** Names the connection below /sys/fs/fuse/connections, where it can be aborted as a last resort. */
  readonly connection: number;
}

/**
 * @param dir an existing folder, absolute.
 * @throws ControlError with the code UNAVAILABLE where this machine does not let us.
 */
export async function mountFuse(dir: string): Promise<FuseMount> {
  const fd = openDevice();
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions";
  const args = ["-i", "-t", "fuse.lossbound", "-o", options, "lossbound", dir];
  const mounted = await runCommand("mount", args, fd);
  if (mounted.exitCode !== 0) {
    closeSync(fd);
    throw new ControlError("UNAVAILABLE", `mount refused: ${mounted.output}`);
  }
  return { fd, connection: connectionOf(dir) };
}

/** Takes the mount away, also from under a process that still stands in it. */
export async function unmount(dir: string): Promise<void> {
  const gently = await runCommand("umount", ["-i", dir]);
  if (gently.exitCode === 0) return;
  const { exitCode, output } = await runCommand("umount", ["-i", "-l", dir]);
  if (exitCode !== 0) throw new Error(`umount refused: ${output}`);
}

/**
 * Unmounts the file systems whose disk is a file on the volume. It must be done while somebody still answers for that
 * disk: the kernel would end these mounts before it gives up the volume's device, and wait for answers for ever.
 */
export async function unmountDisksOn(dir: string): Promise<void> {
  for (const device of loopDevicesOn(dir)) {
    for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
      const [before = "", after = ""] = line.split(" - ");
      if (after.split(" ")[1] !== device) continue;
      const { exitCode, output } = await runCommand("umount", ["-i", unescapeOctal(before.split(" ")[4] ?? "")]);
      if (exitCode !== 0) throw new Error(`umount refused: ${output}`);
    }
  }
}

function loopDevicesOn(dir: string): string[] {
  return readdirSync("/sys/block").flatMap((name) => {
    const file = `/sys/block/${name}/loop/backing_file`;
    return existsSync(file) && readFileSync(file, "utf8").startsWith(`${dir}/`) ? [`/dev/${name}`] : [];
  });
}

/**
 * Has the kernel write back what shared mappings changed: we see it only then.
 * @throws ControlError with the code BUSY when an operation is held that keeps a file's lock.
 */
export async function writeBack(dir: string): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const message = "the image waits for an operation that a fault holds: release it first";
    setTimeout(() => reject(new ControlError("BUSY", message)), writeBackPatienceMs).unref();
  });
  const { exitCode, output } = await Promise.race([runCommand("sync", ["-f", dir]), late]);
  if (exitCode !== 0) throw new Error(`sync refused: ${output}`);
}

function openDevice(): number {
  try {
    return openSync("/dev/fuse", "r+");
  } catch (error) {
    throw new ControlError("UNAVAILABLE", (error as Error).message);
  }
}

/** The minor number of its device, which mountinfo has as `0:52`. */
function connectionOf(dir: string): number {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  // The last line for a folder is the mount on top.
  const line = lines.findLast((text) => unescapeOctal(text.split(" ")[4] ?? "") === dir);
  const connection = /^\S+ \S+ 0:(\d+) /.exec(line ?? "")?.[1];
  if (connection === undefined) throw new Error(`${dir} is not among the mounts`);
  return Number(connection);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
}

/** @param fd is inherited as descriptor 3. */
function runCommand(command: string, args: readonly string[], fd?: number): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "pipe", "pipe", ...(fd === undefined ? [] : [fd])] as const;
    const child: ChildProcess = spawn(command, args, { stdio: [...stdio] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output: output.trim() }));
  });
}
