/**
 * A Disk in memory, for unit tests. It keeps two states, what was written and what is durable, and a journal of every
 * step, so that a test can assert the order of durable steps, cut the power, or break a step:
 *
 *     written    what `read` gives; survives a kill               killed()
 *     durable    what a finished sync covered; survives a power cut   powerCut()
 *
 * It is strict: a name is durable only when its own folder was synced. Background syncs wait until the test lets them
 * end (`finishSyncs`), unless `syncsWait` is false.
 */
import { type Disk, DiskError, type DiskFile, HeldError, type OpenMode } from "../../server/world/world.ts";

class Inode {
  written: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  /** What a failed sync left behind: in the page cache, and in no later sync (rule S4). */
  dropped: { readonly start: number; readonly end: number }[] = [];

  /** What a sync makes durable of `covered`. */
  settled(covered: Buffer): Buffer {
    const settled = Buffer.from(covered);
    for (const { start, end } of this.dropped)
      settled.fill(0, Math.min(start, settled.length), Math.min(end, settled.length));
    return settled;
  }

  drop(covered: Buffer): void {
    this.dropped.push({ start: this.durable.length, end: covered.length });
  }

  /** Of what was dropped, a part is written again: the rest stays dropped. */
  writtenAgain(from: number, to: number): void {
    this.dropped = this.dropped.flatMap(({ start, end }) =>
      [
        { start, end: Math.min(end, from) },
        { start: Math.max(start, to), end },
      ].filter((part) => part.start < part.end),
    );
  }
}

type Names = Map<string, Inode | "directory">;
type Operation = "open" | "read" | "write" | "sync" | "truncate" | "rename" | "unlink" | "syncdir" | "mkdir" | "lock";

interface Fault {
  readonly operation: Operation;
  readonly path: RegExp;
  readonly code: string;
  times: number;
}

export class FakeDisk implements Disk {
  /** One line a step that changes something: `write /d/a 12`, `sync /d/a`, `rename /d/t /d/a`, `syncdir /d` … */
  readonly journal: string[] = [];
  /** Bytes that still fit; a write past it is short, and the next one fails with ENOSPC. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Background syncs end only when told to. */
  syncsWait = false;
  private names: Names = new Map([["/", "directory"]]);
  private durableNames: Names = new Map([["/", "directory"]]);
  private readonly faults: Fault[] = [];
  private readonly syncsUnderWay: (() => void)[] = [];
  private readonly locks = new Set<string>();

  constructor(...folders: string[]) {
    for (const folder of folders) {
      this.names.set(folder, "directory");
      this.durableNames.set(folder, "directory");
    }
  }

  // ── What tests do to it ─────────────────────────────────────────────────────────────────────────────────────────

  /** The next `times` steps of this kind on a path that matches fail. */
  break(operation: Operation, path: RegExp, code = "EIO", times = Number.POSITIVE_INFINITY): void {
    this.faults.push({ operation, path, code, times });
  }

  mend(): void {
    this.faults.length = 0;
    this.freeBytes = Number.POSITIVE_INFINITY;
  }

  get pendingSyncs(): number {
    return this.syncsUnderWay.length;
  }

  async finishSyncs(): Promise<void> {
    for (const finish of this.syncsUnderWay.splice(0)) finish();
    // Promises that wait for a sync go on before this one does.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  /** Lays a durable file. */
  put(path: string, content: string | Uint8Array): void {
    const inode = new Inode();
    inode.written = inode.durable = Buffer.from(typeof content === "string" ? Buffer.from(content, "latin1") : content);
    for (const names of [this.names, this.durableNames]) names.set(path, inode);
  }

  /** Latin1. */
  text(path: string): string {
    return this.inode("read", path).written.toString("latin1");
  }

  has(path: string): boolean {
    return this.names.has(path);
  }

  /** Every file, sorted. */
  files(): string[] {
    return [...this.names]
      .filter(([, what]) => what !== "directory")
      .map(([path]) => path)
      .sort();
  }

  /** What a process finds that starts after the last one was killed. */
  killed(): FakeDisk {
    return this.copy(this.names, this.durableNames, (inode) => ({
      written: inode.written,
      durable: inode.durable,
      dropped: inode.dropped,
    }));
  }

  /** What is found after the power was cut: durable bytes under durable names. */
  powerCut(): FakeDisk {
    const kept: Names = new Map();
    for (const [path, what] of this.durableNames) {
      let folder = path;
      while (folder !== "/" && this.durableNames.has(folder)) folder = parent(folder);
      if (folder === "/") kept.set(path, what);
    }
    return this.copy(kept, kept, (inode) => ({ written: inode.durable, durable: inode.durable, dropped: [] }));
  }

  /** What is found after the power was cut, where names and sizes survived, and unsynced bytes are NUL. */
  zeroFilled(): FakeDisk {
    return this.copy(this.names, this.names, ({ written, durable }) => {
      const found = Buffer.alloc(written.length);
      durable.copy(found);
      return { written: found, durable: found, dropped: [] };
    });
  }

  private copy(
    names: Names,
    durableNames: Names,
    state: (inode: Inode) => Pick<Inode, "written" | "durable" | "dropped">,
  ): FakeDisk {
    const next = new FakeDisk();
    const twins = new Map<Inode, Inode>();
    const twin = (what: Inode | "directory"): Inode | "directory" => {
      if (what === "directory") return what;
      const known = twins.get(what) ?? Object.assign(new Inode(), state(what));
      twins.set(what, known);
      return known;
    };
    for (const [path, what] of names) next.names.set(path, twin(what));
    for (const [path, what] of durableNames) next.durableNames.set(path, twin(what));
    return next;
  }

  // ── Disk ────────────────────────────────────────────────────────────────────────────────────────────────────────

  open(path: string, how: OpenMode): DiskFile {
    this.step("open", path);
    if (this.names.get(path) === "directory") throw new DiskError("EISDIR", "open", path);
    const there = this.names.has(path);
    if (!there && (how === "read" || how === "update")) throw new DiskError("ENOENT", "open", path);
    if (!there) {
      if (this.names.get(parent(path)) !== "directory") throw new DiskError("ENOENT", "open", path);
      this.names.set(path, new Inode());
      this.journal.push(`create ${path}`);
    } else if (how === "create" && this.inode("open", path).written.length > 0) {
      this.inode("open", path).written = Buffer.alloc(0);
      this.journal.push(`truncate ${path} 0`);
    }
    return new FakeFile(this, path, this.inode("open", path));
  }

  kind(path: string): "file" | "directory" | undefined {
    const what = this.names.get(path);
    return what === undefined || what === "directory" ? what : "file";
  }

  size(path: string): number {
    return this.inode("stat", path).written.length;
  }

  rename(from: string, to: string): void {
    this.step("rename", from);
    const what = this.names.get(from);
    if (what === undefined) throw new DiskError("ENOENT", "rename", from);
    if (this.names.get(to) === "directory") throw new DiskError("EISDIR", "rename", from);
    this.names.delete(from);
    this.names.set(to, what);
    this.journal.push(`rename ${from} ${to}`);
  }

  remove(path: string): void {
    this.step("unlink", path);
    if (!this.names.has(path)) throw new DiskError("ENOENT", "unlink", path);
    if (this.names.get(path) === "directory") throw new DiskError("EISDIR", "unlink", path);
    this.names.delete(path);
    this.journal.push(`unlink ${path}`);
  }

  makeDir(path: string): void {
    if (this.names.get(path) === "directory") return;
    this.step("mkdir", path);
    this.names.set(path, "directory");
    this.journal.push(`mkdir ${path}`);
  }

  list(dir: string): string[] {
    if (this.names.get(dir) !== "directory") throw new DiskError("ENOENT", "readdir", dir);
    return [...this.names.keys()]
      .filter((path) => path !== "/" && parent(path) === dir)
      .map((path) => path.slice(path.lastIndexOf("/") + 1))
      .sort();
  }

  syncDir(dir: string): void {
    this.step("syncdir", dir);
    for (const path of [...this.durableNames.keys()]) {
      if (path !== "/" && parent(path) === dir && !this.names.has(path)) this.durableNames.delete(path);
    }
    for (const [path, what] of this.names) if (path !== "/" && parent(path) === dir) this.durableNames.set(path, what);
    this.journal.push(`syncdir ${dir}`);
  }

  async syncDirInBackground(dir: string): Promise<void> {
    await this.whenLetGo();
    this.syncDir(dir);
  }

  async lock(dir: string, name: string): Promise<void> {
    const path = `${dir}/${name}`;
    if (this.locks.has(path)) throw new HeldError(path, "another one");
    this.locks.add(path);
  }

  /** @throws DiskError when the test broke this step. */
  step(operation: Operation, path: string): void {
    const fault = this.faults.find((one) => one.operation === operation && one.path.test(path) && one.times > 0);
    if (fault === undefined) return;
    fault.times--;
    throw new DiskError(fault.code, operation, path);
  }

  whenLetGo(): Promise<void> {
    return this.syncsWait ? new Promise((resolve) => this.syncsUnderWay.push(resolve)) : Promise.resolve();
  }

  private inode(operation: string, path: string): Inode {
    const what = this.names.get(path);
    if (what === undefined || what === "directory") throw new DiskError("ENOENT", operation, path);
    return what;
  }
}

class FakeFile implements DiskFile {
  readonly path: string;
  private readonly disk: FakeDisk;
  private readonly inode: Inode;
  private open = true;

  constructor(disk: FakeDisk, path: string, inode: Inode) {
    this.disk = disk;
    this.path = path;
    this.inode = inode;
  }

  size(): number {
    return this.inode.written.length;
  }

  read(offset: number, length: number): Uint8Array {
    this.disk.step("read", this.path);
    return Buffer.from(this.inode.written.subarray(offset, offset + length));
  }

  append(bytes: Uint8Array): number {
    this.mustBeOpen();
    this.disk.step("write", this.path);
    const taken = Math.min(bytes.length, this.disk.freeBytes);
    if (taken === 0 && bytes.length > 0) throw new DiskError("ENOSPC", "write", this.path);
    this.disk.freeBytes -= taken;
    this.inode.written = Buffer.concat([this.inode.written, bytes.subarray(0, taken)]);
    this.disk.journal.push(`write ${this.path} ${taken}`);
    return taken;
  }

  overwrite(offset: number, bytes: Uint8Array): void {
    this.mustBeOpen();
    this.disk.step("write", this.path);
    if (offset + bytes.length > this.inode.written.length) throw new Error(`${this.path} is overwritten past its end`);
    this.inode.written = Buffer.from(this.inode.written);
    this.inode.written.set(bytes, offset);
    this.inode.writtenAgain(offset, offset + bytes.length);
    this.disk.journal.push(`overwrite ${this.path} ${offset} ${bytes.length}`);
  }

  truncate(sizeBytes: number): void {
    this.mustBeOpen();
    this.inode.writtenAgain(sizeBytes, Number.POSITIVE_INFINITY);
    this.disk.step("truncate", this.path);
    this.disk.freeBytes += Math.max(this.inode.written.length - sizeBytes, 0);
    this.inode.written = Buffer.from(this.inode.written.subarray(0, sizeBytes));
    this.disk.journal.push(`truncate ${this.path} ${sizeBytes}`);
  }

  syncNow(): void {
    this.mustBeOpen();
    this.orDrop(this.inode.written);
    this.inode.durable = this.inode.settled(this.inode.written);
    this.disk.journal.push(`sync ${this.path}`);
  }

  async sync(): Promise<void> {
    this.mustBeOpen();
    const covered = this.inode.written;
    this.disk.journal.push(`sync-start ${this.path}`);
    await this.disk.whenLetGo();
    this.orDrop(covered);
    this.inode.durable = this.inode.settled(covered);
    this.disk.journal.push(`sync-end ${this.path}`);
  }

  close(): void {
    this.mustBeOpen();
    this.open = false;
  }

  private orDrop(covered: Buffer): void {
    try {
      this.disk.step("sync", this.path);
    } catch (error) {
      this.inode.drop(covered);
      throw error;
    }
  }

  private mustBeOpen(): void {
    if (!this.open) throw new Error(`${this.path} is used after it was closed`);
  }
}

function parent(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}
