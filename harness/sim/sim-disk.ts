/**
 * A disk that is not there: files in memory, the same journal that a recorded volume writes, the same faults.
 *
 *     process 7   ─┐
 *     saver 8     ─┼─▶ ProcessDisk ──▶ meet faults ──▶ SimDisk: tree + journal      the page cache: outlives processes
 *     process 9   ─┘       (W3: throws WorldEnded when its process is dead)
 *
 * What is durable is not its concern: it keeps what was written, as the page cache does, and says in its journal what was
 * asked for. The disk models make crash states of that, here as for a recorded volume. So a process that is killed takes
 * nothing along, and its successor goes on with the same disk and the same journal: what was pending stays pending (S7).
 * A power cut settles it: the next disk begins `with` the image of the crash state.
 */
import { ArmedFaults, type DiskFault, type ErrorCode, type Interference } from "../disk/disk-fault.ts";
import { FileTree, type Inode } from "../disk/file-tree.ts";
import type { Image, ImageNode } from "../disk/image.ts";
import { layDown } from "../disk/lay-down.ts";
import type { Volume } from "../disk/volume.ts";
import type { DiskOperation, Journal, SyncStartRecord } from "../recording/journal.ts";
import type { Unstamped } from "../recording/journal-file.ts";
import { MemoryJournal } from "../recording/memory-journal.ts";
import { ProcessDisk } from "./process-disk.ts";
import { type SimProcess, type SimTime, WorldEnded } from "./sim-time.ts";

export interface SimDiskOptions {
  readonly time: SimTime;
  /** Where the volume stands in the simulated world. */
  readonly dir?: string;
  /** A fault struck: ends the process, or with it all its children. Its `isAlive` is false when this returns. */
  readonly kill?: (strike: SimStrike) => void;
}

export interface SimStrike {
  readonly fault: string;
  readonly process: SimProcess;
  readonly scope: "process" | "tree";
  readonly operation: DiskOperation;
  readonly path: string;
  /** Records in the journal at that moment: the crash lies behind them. */
  readonly records: number;
}

type SyncOperation = Extract<DiskOperation, "fsync" | "fdatasync" | "fsyncdir">;

const scopes: Readonly<Record<SyncOperation, SyncStartRecord["scope"]>> = {
  fdatasync: "data",
  fsync: "file",
  fsyncdir: "directory",
};

export class SimDisk implements Volume {
  readonly kind = "simulated";
  readonly dir: string;
  readonly #time: SimTime;
  readonly #kill: (strike: SimStrike) => void;
  readonly #faults = new ArmedFaults();
  /** By fault: the bytes on the disk when it was armed. */
  readonly #fullSince = new Map<string, number>();
  /** By fault: what goes on when it is released. */
  readonly #stalled = new Map<string, (() => void)[]>();
  readonly #disks = new Map<SimProcess, ProcessDisk>();
  readonly #locks = new Map<string, SimProcess>();
  #journal: MemoryJournal;
  #tree: FileTree;

  private constructor(journal: MemoryJournal, { time, dir = "/data", kill }: SimDiskOptions) {
    this.dir = dir;
    this.#time = time;
    this.#kill =
      kill ??
      (({ fault }) => {
        throw new Error(`the fault ${fault} kills, but nobody can be killed here`);
      });
    this.#journal = journal;
    this.#tree = treeOf(journal);
  }

  /** A disk that holds an image, all of it durable. */
  static with(image: Image, options: SimDiskOptions): SimDisk {
    return new SimDisk(journalWith(image, options.time), options);
  }

  /**
   * A disk that goes on where the first `recordCount` records of a journal end: what is pending there stays so (S7).
   * The journal may be of another kind of volume. A sync that was under way is never heard of again.
   */
  static continuing(journal: Journal, recordCount: number, options: SimDiskOptions): SimDisk {
    const copy = new MemoryJournal(() => options.time.stamp());
    copy.take(journal, recordCount);
    return new SimDisk(copy, options);
  }

  get journal(): Journal {
    return this.#journal;
  }

  // ── As a volume ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** What is written, durable or not. */
  async image(): Promise<Image> {
    const image = new Map<string, ImageNode>();
    for (const [path, { type, bytes }] of this.#tree.walk()) {
      if (type === "directory") image.set(path, { kind: "directory" });
      if (type !== "file") continue;
      const content = new Uint8Array(bytes.size);
      bytes.read(0, content);
      image.set(path, { kind: "file", bytes: content });
    }
    return image;
  }

  /** Begins a new journal. Nobody may use the disk meanwhile. */
  async lay(image: Image): Promise<void> {
    for (const process of [...this.#disks.keys()]) this.processEnded(process);
    this.#journal = journalWith(image, this.#time);
    this.#tree = treeOf(this.#journal);
  }

  async dispose(): Promise<void> {
    for (const name of this.#faults.names()) this.disarm(name);
  }

  // ── Processes ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The disk as a process sees it. */
  of(process: SimProcess): ProcessDisk {
    const known = this.#disks.get(process);
    if (known !== undefined) return known;
    const disk = new ProcessDisk(this, process, this.dir);
    this.#disks.set(process, disk);
    return disk;
  }

  /** Gives back what a process held that is dead: its open files and its locks. */
  processEnded(process: SimProcess): void {
    this.#disks.get(process)?.forget();
    this.#disks.delete(process);
    for (const [name, holder] of this.#locks) if (holder === process) this.#locks.delete(name);
  }

  /** Returns the living process that has the name, if it is another one. */
  lock(process: SimProcess, folder: Inode, name: string): SimProcess | undefined {
    const key = `${folder.number}/${name}`;
    const holder = this.#locks.get(key);
    if (holder?.isAlive && holder !== process) return holder;
    this.#locks.set(key, process);
    return undefined;
  }

  // ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param seed what is left to chance is drawn from it, for each fault apart. */
  arm(fault: DiskFault, seed: string): void {
    this.#faults.arm(fault, seed, this.#nowMs());
    if (fault.kind === "full") this.#fullSince.set(fault.name, this.#tree.allocated);
  }

  /** Heals the disk of it, and lets go of what it stalled. */
  disarm(name: string): void {
    this.#faults.disarm(name);
    this.#fullSince.delete(name);
    this.release(name);
  }

  /** Lets go of what a fault stalls just now; it stays armed for what comes. */
  release(name: string): void {
    const waiting = this.#stalled.get(name) ?? [];
    this.#stalled.delete(name);
    for (const goOn of waiting) goOn();
  }

  /**
   * What an operation has to get through before it is done; its process waits here. Undefined: nothing struck it.
   * @throws WorldEnded when the process is dead by then.
   */
  meet(process: SimProcess, operation: DiskOperation, paths: () => readonly string[]): Interference | undefined {
    this.#time.step(process);
    const hit = this.#strike(process, operation, paths);
    if (hit === undefined) return undefined;
    let isOver = false;
    this.#outlast(hit, () => {
      isOver = true;
    });
    this.#time.holdUp(process, () => isOver);
    assertAlive(process);
    return hit;
  }

  /** The operation is done, the process has not heard of it yet. @throws WorldEnded when it never will. */
  leave(process: SimProcess, hit: Interference, operation: DiskOperation, paths: () => readonly string[]): void {
    if (hit.killAfter === undefined) return;
    this.#strikeDown(process, hit, hit.killAfter, operation, paths);
    assertAlive(process);
  }

  /**
   * Begins a sync. It ends by itself, also when whoever asked is dead by then: a disk that is at it goes on.
   * @param ended is told once, never within this call; of the error, if there is one.
   */
  sync(
    process: SimProcess,
    inode: Inode,
    operation: SyncOperation,
    ended: (error: ErrorCode | undefined) => void,
  ): void {
    this.#time.step(process);
    const paths = () => [this.#tree.pathOf(inode) ?? ""];
    const hit = this.#strike(process, operation, paths);
    // Somebody may write to a new journal by the time this ends; the sync was of this one.
    const journal = this.#journal;
    const tid = process.pid;
    const start = journal.record({ kind: "sync-start", tid, ...this.#named(inode), scope: scopes[operation] });
    const over = () => {
      journal.record({ kind: "sync-end", tid, ...this.#named(inode), start, ok: hit?.error === undefined });
      if (hit?.killAfter !== undefined && process.isAlive) {
        this.#strikeDown(process, hit, hit.killAfter, operation, paths);
      }
      ended(hit?.error);
    };
    this.#time.after(hit?.delayMs ?? 0, () => this.#outlastStalls(hit?.stalledBy ?? [], over));
  }

  /** Waits with its process for a sync. */
  syncNow(process: SimProcess, inode: Inode, operation: SyncOperation): ErrorCode | undefined {
    let result: { readonly error: ErrorCode | undefined } | undefined;
    this.sync(process, inode, operation, (error) => {
      result = { error };
    });
    this.#time.holdUp(process, () => result !== undefined);
    assertAlive(process);
    return result?.error;
  }

  /** Faults that strike are in the journal before what they do. */
  #strike(process: SimProcess, operation: DiskOperation, paths: () => readonly string[]): Interference | undefined {
    assertAlive(process);
    const hit = this.#faults.none ? undefined : this.#faults.consider(operation, paths, this.#nowMs());
    if (hit === undefined) return undefined;
    for (const { name } of hit.faults) {
      this.#journal.record({ kind: "fault", tid: process.pid, fault: name, operation, path: paths()[0] ?? "" });
    }
    if (hit.killBefore !== undefined) {
      this.#strikeDown(process, hit, hit.killBefore, operation, paths);
      assertAlive(process);
    }
    return hit;
  }

  #strikeDown(
    process: SimProcess,
    hit: Interference,
    scope: "process" | "tree",
    operation: DiskOperation,
    paths: () => readonly string[],
  ): void {
    const fault = hit.faults.find(({ kind }) => kind === "kill")?.name ?? "";
    this.#kill({ fault, process, scope, operation, path: paths()[0] ?? "", records: this.#journal.records.length });
    if (process.isAlive) throw new Error(`the fault ${fault} killed process ${process.pid}, and it lives`);
  }

  #outlast({ delayMs, stalledBy }: Interference, over: () => void): void {
    if (delayMs === 0) this.#outlastStalls(stalledBy, over);
    else this.#time.after(delayMs, () => this.#outlastStalls(stalledBy, over));
  }

  #outlastStalls([first, ...rest]: readonly string[], over: () => void): void {
    if (first === undefined) {
      over();
      return;
    }
    const waiting = this.#stalled.get(first) ?? [];
    this.#stalled.set(first, [...waiting, () => this.#outlastStalls(rest, over)]);
  }

  #nowMs(): number {
    return this.#time.nowNs() / 1e6;
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  get root(): Inode {
    return this.#tree.root;
  }

  pathOf(inode: Inode): string | undefined {
    return this.#tree.pathOf(inode);
  }

  /** How much of an append of so many bytes the disk has room for. That it is full is in the journal, as a fault. */
  fits(process: SimProcess, inode: Inode, length: number): number {
    const full = this.#fullSince.size === 0 ? undefined : this.#faults.fullDisk(this.#nowMs());
    if (full === undefined) return length;
    const room = (this.#fullSince.get(full.name) ?? 0) + full.freeBytes - this.#tree.allocated;
    if (room >= length) return length;
    const path = this.pathOf(inode) ?? "";
    this.#journal.record({ kind: "fault", tid: process.pid, fault: full.name, operation: "write", path });
    return Math.max(0, room);
  }

  make(process: SimProcess, parent: Inode, name: string, type: "file" | "directory"): Inode {
    const number = this.#tree.nextNumber;
    const named = { tid: process.pid, inode: number, parent: parent.number, path: this.#tree.pathIn(parent, name) };
    this.#commit(type === "file" ? { kind: "create", ...named, type } : { kind: "mkdir", ...named });
    return this.#tree.inode(number) as Inode;
  }

  unlink(process: SimProcess, parent: Inode, name: string, inode: Inode): void {
    const path = this.#tree.pathIn(parent, name);
    this.#commit({ kind: "unlink", tid: process.pid, inode: inode.number, parent: parent.number, path });
  }

  rename(process: SimProcess, inode: Inode, from: Slot, to: Slot, replaced: Inode | undefined): void {
    this.#commit({
      kind: "rename",
      tid: process.pid,
      inode: inode.number,
      parent: to.parent.number,
      path: this.#tree.pathIn(to.parent, to.name),
      fromParent: from.parent.number,
      fromPath: this.#tree.pathIn(from.parent, from.name),
      ...(replaced !== undefined && { replaced: replaced.number }),
    });
  }

  append(process: SimProcess, inode: Inode, bytes: Uint8Array): void {
    this.write(process, inode, inode.bytes.size, bytes);
  }

  write(process: SimProcess, inode: Inode, offset: number, bytes: Uint8Array): void {
    this.#commit({ kind: "write", tid: process.pid, ...this.#named(inode), offset, ...this.#journal.keep(bytes) });
  }

  truncate(process: SimProcess, inode: Inode, size: number): void {
    if (size !== inode.bytes.size) this.#commit({ kind: "truncate", tid: process.pid, ...this.#named(inode), size });
  }

  opened(inode: Inode): void {
    inode.opens++;
  }

  closed(inode: Inode): void {
    inode.opens--;
    this.#tree.release(inode);
  }

  #commit(record: Unstamped): void {
    this.#journal.record(record);
    this.#tree.apply(record);
  }

  #named(inode: Inode): { inode: number; path?: string } {
    const path = this.#tree.pathOf(inode);
    return path === undefined ? { inode: inode.number } : { inode: inode.number, path };
  }
}

/** A name in a folder that is there, whether the name is or not. */
export interface Slot {
  readonly parent: Inode;
  readonly name: string;
}

function assertAlive(process: SimProcess): void {
  if (!process.isAlive) throw new WorldEnded(process);
}

function treeOf(journal: MemoryJournal): FileTree {
  const tree = new FileTree(journal);
  tree.replay(journal.records);
  return tree;
}

function journalWith(image: Image, time: SimTime): MemoryJournal {
  const journal = new MemoryJournal(() => time.stamp());
  layDown(image, journal);
  return journal;
}
