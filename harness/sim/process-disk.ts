/**
 * A simulated disk as one process sees it: the Disk of its world. It finds paths, says no as a kernel does, waits where a
 * fault makes it wait, and is useless to a process that is dead (W3).
 */
import { type Disk, DiskError, type DiskFile, HeldError, type OpenMode } from "../../server/world/world.ts";
import type { Inode } from "../disk/file-tree.ts";
import type { DiskOperation } from "../recording/journal.ts";
import { hindered, inBackground, ProcessFile } from "./process-file.ts";
import type { SimDisk, Slot } from "./sim-disk.ts";
import { type SimProcess, WorldEnded } from "./sim-time.ts";

export class ProcessDisk implements Disk {
  readonly #disk: SimDisk;
  readonly #process: SimProcess;
  readonly #dir: readonly string[];
  readonly #open = new Set<ProcessFile>();
  /** By path, as far as they were asked for: a store has few, and asks for them all the time. */
  readonly #namesOf = new Map<string, readonly string[] | undefined>();

  /** @param dir where the disk stands in the world of its processes. */
  constructor(disk: SimDisk, process: SimProcess, dir: string) {
    this.#disk = disk;
    this.#process = process;
    this.#dir = namesOf(dir);
  }

  open(path: string, how: OpenMode): DiskFile {
    const operation =
      (how === "append" || how === "create") && this.#find(path, "open") === undefined ? "create" : "open";
    return this.#do(operation, "open", [path], () => {
      const slot = this.#slot(path, "open");
      let inode = slot.parent.entries.get(slot.name);
      if (inode?.type === "directory") throw new DiskError("EISDIR", "open", path);
      if (inode === undefined && (how === "read" || how === "update")) throw new DiskError("ENOENT", "open", path);
      inode ??= this.#disk.make(this.#process, slot.parent, slot.name, "file");
      if (how === "create") this.#disk.truncate(this.#process, inode, 0);
      const file = new ProcessFile(this.#disk, this.#process, path, inode, how !== "read", (closed) =>
        this.#open.delete(closed),
      );
      this.#open.add(file);
      return file;
    });
  }

  kind(path: string): "file" | "directory" | undefined {
    this.#assertAlive();
    const type = this.#find(path, "stat")?.type;
    return type === undefined || type === "directory" ? type : "file";
  }

  size(path: string): number {
    this.#assertAlive();
    const inode = this.#find(path, "stat");
    if (inode === undefined) throw new DiskError("ENOENT", "stat", path);
    return inode.bytes.size;
  }

  rename(from: string, to: string): void {
    this.#do("rename", "rename", [from, to], () => {
      const [source, target] = [this.#slot(from, "rename"), this.#slot(to, "rename", from)];
      const inode = source.parent.entries.get(source.name);
      const replaced = target.parent.entries.get(target.name);
      if (inode === undefined) throw new DiskError("ENOENT", "rename", from);
      // Two names of one inode: POSIX has nothing happen.
      if (inode === replaced) return;
      const code = whyNotRename(inode, source.parent, replaced, target.parent);
      if (code !== undefined) throw new DiskError(code, "rename", from);
      this.#disk.rename(this.#process, inode, source, target, replaced);
    });
  }

  remove(path: string): void {
    this.#do("unlink", "unlink", [path], () => {
      const slot = this.#slot(path, "unlink");
      const inode = slot.parent.entries.get(slot.name);
      if (inode === undefined) throw new DiskError("ENOENT", "unlink", path);
      if (inode.type === "directory") throw new DiskError("EISDIR", "unlink", path);
      this.#disk.unlink(this.#process, slot.parent, slot.name, inode);
    });
  }

  makeDir(path: string): void {
    this.#assertAlive();
    const found = this.#find(path, "mkdir");
    if (found?.type === "directory" || this.#isAbove(path)) return;
    this.#do("mkdir", "mkdir", [path], () => {
      const { parent, name } = this.#slot(path, "mkdir");
      if (parent.entries.has(name)) throw new DiskError("EEXIST", "mkdir", path);
      this.#disk.make(this.#process, parent, name, "directory");
    });
  }

  list(dir: string): string[] {
    this.#assertAlive();
    return [...this.#folder(dir, "readdir").entries.keys()].sort();
  }

  syncDir(dir: string): void {
    this.#assertAlive();
    if (this.#isAbove(dir)) return;
    const found = this.#find(dir, "fsync");
    if (found === undefined) throw new DiskError("ENOENT", "fsync", dir);
    const error = this.#disk.syncNow(this.#process, found, syncOf(found));
    if (error !== undefined) throw new DiskError(error, "fsync", dir);
  }

  syncDirInBackground(dir: string): Promise<void> {
    this.#assertAlive();
    if (this.#isAbove(dir)) return Promise.resolve();
    const found = this.#find(dir, "open");
    if (found === undefined) return Promise.reject(new DiskError("ENOENT", "open", dir));
    return inBackground(this.#process, dir, "fsync", (ended) =>
      this.#disk.sync(this.#process, found, syncOf(found), ended),
    );
  }

  lock(dir: string, name: string): Promise<void> {
    this.#assertAlive();
    const folder = this.#find(dir, "stat");
    if (folder === undefined) return Promise.reject(new DiskError("ENOENT", "stat", dir));
    const holder = this.#disk.lock(this.#process, folder, name);
    if (holder === undefined) return Promise.resolve();
    return Promise.reject(new HeldError(`${dir}/${name}`, `process ${holder.pid}`));
  }

  /** fdatasync(2) by a process that is told when it has ended, and does not wait in the call. */
  syncFile(path: string, ended: (error: DiskError | undefined) => void): void {
    this.#assertAlive();
    const inode = this.#find(path, "fdatasync");
    if (inode === undefined) throw new DiskError("ENOENT", "fdatasync", path);
    this.#disk.sync(this.#process, inode, "fdatasync", (code) =>
      ended(code === undefined ? undefined : new DiskError(code, "fdatasync", path)),
    );
  }

  // ── For the disk itself ──────────────────────────────────────────────────────────────────────────────────

  /** The process is dead: nobody holds its files open any more. */
  forget(): void {
    for (const file of this.#open) file.forget();
    this.#open.clear();
  }

  #do<T>(operation: DiskOperation, word: string, paths: readonly string[], act: () => T): T {
    return hindered(
      this.#disk,
      this.#process,
      operation,
      { word, path: paths[0] ?? "" },
      () => this.#relative(paths),
      act,
    );
  }

  /** As the volume names them: from its root. */
  #relative(paths: readonly string[]): string[] {
    return paths.flatMap((path) => this.#within(path)?.join("/") ?? []);
  }

  /** Undefined for what is not on this disk. */
  #within(path: string): readonly string[] | undefined {
    if (this.#namesOf.has(path)) return this.#namesOf.get(path);
    const names = namesOf(path);
    const within = this.#dir.every((name, at) => names[at] === name) ? names.slice(this.#dir.length) : undefined;
    this.#namesOf.set(path, within);
    return within;
  }

  /** The folders that lead to the disk are not on it, and as durable as anything. */
  #isAbove(path: string): boolean {
    const names = namesOf(path);
    return names.length < this.#dir.length && names.every((name, at) => this.#dir[at] === name);
  }

  /** Undefined when there is no such name. @throws DiskError when the way to it leads through a file. */
  #find(path: string, word: string, blame = path): Inode | undefined {
    const names = this.#within(path);
    if (names === undefined) return this.#isAbove(path) ? this.#disk.root : undefined;
    let inode: Inode | undefined = this.#disk.root;
    for (const name of names) {
      if (inode !== undefined && inode.type !== "directory") throw new DiskError("ENOTDIR", word, blame);
      inode = inode?.entries.get(name);
    }
    return inode;
  }

  #folder(path: string, word: string, blame = path): Inode {
    const inode = this.#find(path, word, blame);
    if (inode === undefined) throw new DiskError("ENOENT", word, blame);
    if (inode.type !== "directory") throw new DiskError("ENOTDIR", word, blame);
    return inode;
  }

  /** Where a name is or could be. @param blame the path that an error is to name. */
  #slot(path: string, word: string, blame = path): Slot {
    const names = this.#within(path);
    const name = names?.at(-1);
    // What is not on this disk is nobody's to change.
    if (name === undefined) throw new DiskError("EACCES", word, blame);
    return { parent: this.#folder(path.slice(0, path.lastIndexOf(name)), word, blame), name };
  }

  #assertAlive(): void {
    if (!this.#process.isAlive) throw new WorldEnded(this.#process);
  }
}

/** fsync(2) of whatever stands there. */
const syncOf = ({ type }: Inode) => (type === "directory" ? "fsyncdir" : "fsync");

/** In the order in which Linux looks. */
function whyNotRename(inode: Inode, from: Inode, replaced: Inode | undefined, to: Inode): string | undefined {
  if (isWithin(to, inode)) return "EINVAL";
  if (replaced === undefined) return undefined;
  if (isWithin(from, replaced)) return "ENOTEMPTY";
  if (inode.type === "directory" && replaced.type !== "directory") return "ENOTDIR";
  if (inode.type !== "directory" && replaced.type === "directory") return "EISDIR";
  return replaced.entries.size > 0 ? "ENOTEMPTY" : undefined;
}

function isWithin(folder: Inode, above: Inode): boolean {
  for (let inode: Inode | undefined = folder; inode !== undefined; inode = inode.names[0]?.parent) {
    if (inode === above) return true;
  }
  return false;
}

/** Without what says nothing: empty names and dots. */
function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
