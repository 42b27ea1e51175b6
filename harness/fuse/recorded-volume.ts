/**
 * A volume that remembers every disk operation, and whose disk can be made to fail: the harness's side of it.
 *
 *     FOLDER/
 *       ├─ mount/         the store's data folder; empty for everybody outside of the volume's mount namespace
 *       ├─ journal-1/     what happened since the first image was laid (recording/journal-file.ts)
 *       ├─ journal-2/     … since the second
 *       └─ volume.log     what the volume's process has to say; empty, unless something went wrong
 *
 * The file system runs in a process of its own (`fuse-main.ts`), in a mount namespace that only it and the store live in.
 * The harness never touches the mount: whoever waits on a file system must not be needed to serve it. What it wants to
 * know comes over the control port, and bytes come from the journal's files, which lie on the ordinary disk.
 *
 * A store in a container gets an exposed volume: there the mount is seen by the whole machine, because the engine binds it
 * into the container out of its own mount namespace. Still nobody but the store touches it.
 *
 * Two limits are FUSE's and not the store's. A write to a file waits while a sync of that same file runs, because the
 * kernel holds the file's lock meanwhile. And sync(2), syncfs(2) and sync_file_range(2) succeed without reaching us: a
 * store that relies on one of them looks worse here than it is.
 */
import { closeSync, cpSync, mkdirSync, openSync, rmSync } from "node:fs";
import path from "node:path";
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image, ImageNode } from "../disk/image.ts";
import { layDown } from "../disk/lay-down.ts";
import type { CommandLine, Volume } from "../disk/volume.ts";
import { JournalReader, JournalWriter, readExactly } from "../recording/journal-file.ts";
import type { ListedNode, PlacedFile } from "./control.ts";
import type { Strike } from "./fault-gate.ts";
import { VolumeProcess } from "./volume-process.ts";

export interface RecordedVolumeOptions {
  /** CLOCK_MONOTONIC at stamp 0: the recording's, so that journal and history share one timeline. Default: now. */
  readonly originNs?: bigint;
  /** Mounted for the whole machine, so that an engine of containers sees it. Default: for the store alone. */
  readonly exposed?: boolean;
}

export class RecordedVolume implements Volume {
  readonly kind = "recorded";
  readonly dir: string;
  readonly #folder: string;
  readonly #originNs: bigint;
  readonly #process: VolumeProcess;
  #journals = 0;

  private constructor(folder: string, originNs: bigint, process: VolumeProcess) {
    this.dir = path.join(folder, "mount");
    this.#folder = folder;
    this.#originNs = originNs;
    this.#process = process;
  }

  /**
   * @param folder an absolute path, on an ordinary disk; the folder must exist, be empty, and is the volume's from now on.
   * @throws VolumeUnavailable where this machine has no FUSE for us.
   */
  static async create(folder: string, options: RecordedVolumeOptions = {}): Promise<RecordedVolume> {
    mkdirSync(path.join(folder, "mount"));
    const process = await VolumeProcess.start(folder, options.exposed);
    const volume = new RecordedVolume(folder, options.originNs ?? globalThis.process.hrtime.bigint(), process);
    try {
      await volume.lay(new Map());
      return volume;
    } catch (error) {
      await volume.dispose();
      throw error;
    }
  }

  /** Of the process that serves the file system. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves with the reason when the volume cannot go on: its process died, or its journal cannot be written. */
  get failed(): Promise<Error> {
    return this.#process.failed;
  }

  /**
   * Calls `listen` for every kill by an armed fault. The news may come after that of the victim's death, but before the
   * answer to whatever is asked of the volume from then on.
   */
  onStrike(listen: (strike: Strike) => void): void {
    this.#process.onStrike(listen);
  }

  enter(command: string, args: readonly string[]): CommandLine {
    return this.#process.enter(command, args);
  }

  /** The files as a process finds them that starts now. Waits for the pages that the kernel has still to write back. */
  async image(): Promise<Image> {
    const { nodes } = await this.#process.ask("list", {});
    const image = new Map<string, ImageNode>();
    const dataFd = openSync(path.join(this.#journalDir(), "data"), "r");
    try {
      for (const node of nodes) {
        if (node.kind === "directory") image.set(node.path, { kind: "directory" });
        if (node.kind === "file") image.set(node.path, { kind: "file", bytes: bytesOf(node, dataFd) });
      }
    } finally {
      closeSync(dataFd);
    }
    return image;
  }

  /** Replaces all that is there, and begins a new journal with it. Kills whoever still uses the volume. */
  async lay(image: Image): Promise<void> {
    await this.#process.ask("unmount", {});
    this.#journals++;
    this.#layDown(image);
    await this.#process.ask("mount", { dir: this.dir, journalDir: this.#journalDir() });
  }

  /** What happened since the last `lay`, up to now; also of a volume that failed. Close it when done. */
  async journal(): Promise<JournalReader> {
    if (this.#process.alive) await this.#process.ask("flush", {});
    return new JournalReader(this.#journalDir());
  }

  /** Copies the journal since the last `lay`, up to now, to a folder that must not exist yet. */
  async keepJournal(dir: string): Promise<void> {
    if (this.#process.alive) await this.#process.ask("flush", {});
    cpSync(this.#journalDir(), dir, { recursive: true });
  }

  /** A new file at the root, served from where its bytes are; what is written to it goes to the journal. */
  async place(file: PlacedFile): Promise<void> {
    await this.#process.ask("place", file);
  }

  /** Declares all that was written so far durable. */
  async settle(): Promise<void> {
    await this.#process.ask("settle", {});
  }

  /** @param seed what is left to chance is drawn from it, for each fault apart. */
  async arm(faults: readonly DiskFault[], seed: string): Promise<void> {
    await this.#process.ask("arm", { faults, seed });
  }

  /** Heals the disk of these, and lets go of what they hold. */
  async disarm(...names: readonly string[]): Promise<void> {
    await this.#process.ask("disarm", { names });
  }

  /** Lets go of what these stall just now. They stay armed. */
  async release(...names: readonly string[]): Promise<void> {
    await this.#process.ask("release", { names });
  }

  /** Until `thaw`, whoever wants to change something waits. */
  async freeze(): Promise<void> {
    await this.#process.ask("freeze", {});
  }

  async thaw(): Promise<void> {
    await this.#process.ask("thaw", {});
  }

  async dispose(): Promise<void> {
    await this.#process.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #journalDir(): string {
    return path.join(this.#folder, `journal-${this.#journals}`);
  }

  #layDown(image: Image): void {
    const now = (): number => Number(process.hrtime.bigint() - this.#originNs);
    const journal = JournalWriter.begin(this.#journalDir(), this.#originNs, now);
    layDown(image, journal);
    journal.close();
  }
}

function bytesOf(node: Extract<ListedNode, { kind: "file" }>, dataFd: number): Uint8Array {
  const bytes = new Uint8Array(node.size);
  for (const [at, length, dataOffset] of node.extents) {
    readExactly(dataFd, dataOffset, bytes.subarray(at, at + length));
  }
  return bytes;
}
