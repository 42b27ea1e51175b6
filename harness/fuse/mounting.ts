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
import { type MountEntry, mountAt, mountsOf, recordedType } from "./mount-table.ts";

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
  // The folder is its source too: so it is known wherever it is seen, in a container for example.
  const args = ["-i", "-t", recordedType, "-o", options, dir, dir];
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
 * For a namespace that has just been copied from another one: lets go of the exposed volumes that came along, and of what
 * is mounted from a disk on them. Whose they are could not end them otherwise.
 */
export async function letGoOfCopies(): Promise<void> {
  const volumes = mountsOf("self").filter(({ type }) => type === recordedType);
  for (const { mountPoint } of volumes.flatMap((volume) => [...disksOn(volume.mountPoint), volume])) {
    // An unprivileged namespace may not take apart what it was given: then its copy stays until it ends.
    await runCommand("umount", ["-i", "-l", mountPoint]);
  }
}

/**
 * Unmounts the file systems whose disk is a file on the volume. It must be done while somebody still answers for that
 * disk: the kernel would end these mounts before it gives up the volume's device, and wait for answers for ever.
 */
export async function unmountDisksOn(dir: string): Promise<void> {
  for (const { mountPoint } of disksOn(dir)) {
    const { exitCode, output } = await runCommand("umount", ["-i", mountPoint]);
    if (exitCode !== 0) throw new Error(`umount refused: ${output}`);
  }
}

/** The file systems whose disk is a file on the volume that is mounted on `dir`. */
export function disksOn(dir: string): MountEntry[] {
  const devices = new Set(loopDevicesOn(dir));
  return mountsOf("self").filter(({ source }) => devices.has(source));
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
  const mount = mountAt(dir);
  if (mount === undefined) throw new Error(`${dir} is not among the mounts`);
  return Number(mount.device.split(":")[1]);
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
