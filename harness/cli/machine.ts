/**
 * What this machine can do: one check for each thing that some part of lossbound needs. A check looks and changes
 * nothing; what is missing comes with what to do about it.
 */
import { accessSync, closeSync, constants, existsSync, openSync, statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";

export interface Check {
  readonly name: string;
  /** `limited`: it is there, and something about it should be known. */
  readonly state: "ok" | "limited" | "missing";
  /** What was found, in a few words. */
  readonly found: string;
  /** What works only with it. */
  readonly neededFor: string;
  /** What to do about it; empty when nothing is to be done. */
  readonly remedy: string;
}

type Finding = Pick<Check, "state" | "found"> & { readonly remedy?: string };

const powerCuts = "power cuts: lossbound explore";

export async function checkMachine(): Promise<Check[]> {
  return Promise.all([
    check("node", "everything", node),
    check("cores", "several cycles at a time", cores),
    check("temporary folder", "the stores' data while they run", temporaryFolder),
    check("redis-server", "--target /usr/bin/redis-server", redisServer),
    check("docker engine", "--target docker:IMAGE", dockerEngine),
    check("FUSE", powerCuts, fuse),
    check("mount namespaces", powerCuts, namespaces),
    check("loop devices", "power cuts of real file systems", loopDevices),
  ]);
}

async function check(name: string, neededFor: string, look: () => Finding | Promise<Finding>): Promise<Check> {
  const { state, found, remedy = "" } = await look();
  return { name, state, found, neededFor, remedy };
}

const ok = (found: string): Finding => ({ state: "ok", found });
const limited = (found: string, remedy: string): Finding => ({ state: "limited", found, remedy });
const missing = (found: string, remedy: string): Finding => ({ state: "missing", found, remedy });

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return enough ? ok(process.versions.node) : missing(process.versions.node, "install Node 20.19 or newer");
}

function cores(): Finding {
  const count = availableParallelism();
  return count > 1 ? ok(String(count)) : limited("1", "runs will be slow, and timing less like a busy server's");
}

/** Numbers of statfs(2): data in memory is never slow, and a sync there means nothing. */
const filesystems: Readonly<Record<number, string>> = {
  16914836: "tmpfs",
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  2035054128: "overlay",
};

function temporaryFolder(): Finding {
  const folder = tmpdir();
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    return missing(`${folder}: ${(error as Error).message}`, "set TMPDIR to a folder that can be written");
  }
  const { type, bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / 1024 ** 2);
  const kind = filesystems[type] ?? `file system 0x${type.toString(16)}`;
  const found = `${folder}, ${kind}, ${free} MB free`;
  if (free < 500) return limited(found, "set TMPDIR to a folder with at least 500 MB free");
  if (kind === "tmpfs") return limited(found, "data in memory syncs for nothing: set TMPDIR to a folder on a disk");
  return ok(found);
}

async function redisServer(): Promise<Finding> {
  const found = onPath("redis-server");
  if (found === undefined) return missing("not found", "apt-get install redis-server, or give --target any path");
  const { stdout, failed } = await tell(found, ["--version"]);
  const version = /v=(\S+)/.exec(stdout)?.[1];
  if (failed || version === undefined) return limited(`${found} does not tell its version`, "does it run by hand?");
  return ok(`${found} ${version}`);
}

async function dockerEngine(): Promise<Finding> {
  if (onPath("docker") === undefined) return missing("docker not found", "apt-get install docker.io");
  const { stdout, stderr, failed } = await tell("docker", ["version", "--format", "{{.Server.Version}}"]);
  if (!failed && stdout !== "") return ok(stdout);
  const [first = "it does not answer"] = stderr.split("\n").filter((line) => line !== "");
  return missing(first, "start the engine (systemctl start docker, or dockerd), and be in the group docker");
}

function fuse(): Finding {
  if (!existsSync("/dev/fuse")) {
    return missing("no /dev/fuse", "modprobe fuse; for a container: docker run --device /dev/fuse --cap-add SYS_ADMIN");
  }
  try {
    closeSync(openSync("/dev/fuse", "r+"));
    return ok("/dev/fuse can be opened");
  } catch (error) {
    return missing((error as Error).message, "run as root, or allow this user to open /dev/fuse");
  }
}

async function namespaces(): Promise<Finding> {
  if (onPath("unshare") === undefined) return missing("unshare not found", "apt-get install util-linux");
  const asRoot = await tell("unshare", ["-m", "true"]);
  if (!asRoot.failed) return ok("as this user");
  const asUser = await tell("unshare", ["-Urm", "true"]);
  if (!asUser.failed) return ok("in a user namespace");
  return missing(asUser.stderr.split("\n")[0] ?? "", "run as root, or sysctl kernel.unprivileged_userns_clone=1");
}

async function loopDevices(): Promise<Finding> {
  if (!existsSync("/dev/loop-control")) return missing("no /dev/loop-control", "modprobe loop; needs root");
  const { stdout, stderr, failed } = await tell("losetup", ["--find"]);
  if (failed) return missing(stderr.split("\n")[0] ?? "", "run as root");
  return ok(stdout);
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));
}

/** Asks a program that may hang, be missing or fail: all three are an answer. */
async function tell(file: string, args: readonly string[]) {
  const { stdout, stderr, failed, shortMessage } = await execa(file, args, { reject: false, timeout: 5_000 });
  return { stdout: stdout.trim(), stderr: stderr.trim() || (shortMessage ?? ""), failed };
}
