/**
 * A real file system under the store, on a disk that remembers every block: one file on a recorded volume is that disk.
 *
 *     store ──▶ ext4, xfs or btrfs ──▶ loop device ──▶ disk.img on the recorded volume ──▶ journal
 *               mounted on `dir`                        block writes; a flush is a sync
 *
 * What the store asks of its files is not in this journal; what the file system makes of it is. Its crash states are
 * images of the whole disk, and `MountedImages` has the file system itself put them in order.
 *
 * The mount lives in the recorded volume's private mount namespace, and the loop device gives itself up with the mount:
 * when the last process of that namespace is gone, however it went, both are.
 */
import { accessSync, constants, existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import { readImage, writeImage } from "../disk/image-files.ts";
import { type CommandLine, type Volume, VolumeUnavailable } from "../disk/volume.ts";
import type { RecordedVolume, RecordedVolumeOptions } from "../fuse/recorded-volume.ts";
import type { JournalReader } from "../recording/journal-file.ts";
import type { RunFolder } from "../run-folder.ts";
import type { Filesystem } from "./filesystems.ts";

export const diskName = "disk.img";

export class FilesystemVolume implements Volume {
  readonly kind = "filesystem";
  readonly dir: string;
  readonly filesystem: Filesystem;
  readonly #disk: RecordedVolume;
  readonly #folder: string;

  private constructor(filesystem: Filesystem, disk: RecordedVolume, folder: string) {
    this.filesystem = filesystem;
    this.dir = path.join(folder, "files");
    this.#disk = disk;
    this.#folder = folder;
  }

  /**
   * Made, mounted and empty; all of that is durable, and no crash point lies before it.
   * @throws VolumeUnavailable
   */
  static async create(
    run: RunFolder,
    filesystem: Filesystem,
    options: RecordedVolumeOptions = {},
  ): Promise<FilesystemVolume> {
    refuseWhereHopeless(filesystem);
    const disk = await run.newRecordedVolume(options);
    const volume = new FilesystemVolume(filesystem, disk, run.newVolume().dir);
    try {
      mkdirSync(volume.dir);
      await volume.#make();
      await disk.settle();
      return volume;
    } catch (error) {
      await volume.dispose();
      throw error;
    }
  }

  /** Resolves with the reason when the disk below cannot go on. */
  get failed(): Promise<Error> {
    return this.#disk.failed;
  }

  /** Of the process that serves the disk. */
  get pid(): number {
    return this.#disk.pid;
  }

  enter(command: string, args: readonly string[]): CommandLine {
    return this.#disk.enter(command, args);
  }

  /** The files as the store left them, page cache included. */
  async image(): Promise<Image> {
    const copy = path.join(this.#folder, "copy");
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy);
    await this.run("cp", ["-a", `${this.dir}/.`, copy]);
    return readImage(copy);
  }

  async lay(image: Image): Promise<void> {
    const source = path.join(this.#folder, "source");
    mkdirSync(source, { recursive: true });
    writeImage(source, image);
    await this.run("sh", [
      "-c",
      'find "$2" -mindepth 1 -delete && cp -a "$1/." "$2" && sync -f "$2"',
      "sh",
      source,
      this.dir,
    ]);
    await this.#disk.settle();
  }

  /** Of block writes and flushes. Close it when done. */
  journal(): Promise<JournalReader> {
    return this.#disk.journal();
  }

  keepJournal(dir: string): Promise<void> {
    return this.#disk.keepJournal(dir);
  }

  /** Of the disk below: what it delays, every sync of a file waits for. */
  arm(faults: readonly DiskFault[], seed: string): Promise<void> {
    return this.#disk.arm(faults, seed);
  }

  async disarm(...names: readonly string[]): Promise<void> {
    await this.#disk.disarm(...names);
  }

  /** Runs a command where the file system is mounted. @throws Error when it fails */
  async run(command: string, args: readonly string[]): Promise<string> {
    const line = this.enter(command, args);
    const { stdout } = await execa(line.command, line.args);
    return stdout;
  }

  async dispose(): Promise<void> {
    // It may be in use by a store that is being killed, or not be mounted yet: the namespace takes it along then.
    const line = this.enter("umount", ["-l", this.dir]);
    await execa(line.command, line.args, { reject: false });
    await this.#disk.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #make(): Promise<void> {
    const { name, mkfs, diskBytes, options } = this.filesystem;
    const [command, ...args] = mkfs;
    const disk = path.join(this.#disk.dir, diskName);
    await this.run("truncate", ["-s", String(diskBytes), disk]);
    await this.run(command, [...args, disk]);
    const mount = this.enter("mount", ["-t", name, "-o", options, disk, this.dir]);
    const { failed, stderr } = await execa(mount.command, mount.args, { reject: false });
    if (failed) {
      const remedy = "Load the modules `loop` and the file system's; in a container, start it with --privileged.";
      throw new VolumeUnavailable("filesystem", `${name} cannot be mounted (${stderr})`, remedy);
    }
    await this.run("sync", ["-f", this.dir]);
  }
}

/** @throws VolumeUnavailable */
export function refuseWhereHopeless({ name, mkfs, debianPackage }: Filesystem): void {
  const refusal = (reason: string, remedy: string) => new VolumeUnavailable("filesystem", reason, remedy);
  if (process.platform !== "linux") {
    throw refusal(`${process.platform} has no loop devices`, "Run the harness on Linux; the disk models work here.");
  }
  if (process.getuid?.() !== 0) throw refusal("mounting a file system needs root", "Run it as root.");
  if (!canWrite("/dev/loop-control")) {
    throw refusal(
      "there is no /dev/loop-control",
      "Load the module `loop`; in a container, start it with --privileged.",
    );
  }
  if (!folders().some((folder) => existsSync(path.join(folder, mkfs[0])))) {
    throw refusal(`there is no ${mkfs[0]}`, `Install ${debianPackage}, or ask for another file system than ${name}.`);
  }
}

function folders(): string[] {
  return [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
}

function canWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
