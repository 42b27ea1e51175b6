/**
 * A Disk that kills its process at one exact operation, so that a crash can be put where it hurts:
 *
 *     before:sync:3:*.incr.aof:process     the bytes are written, their sync has not begun
 *     after:rename:1:*.manifest:tree       the new manifest is in place, its folder not synced
 *     before:sync:1@40:*.incr.aof:tree     the first such sync after 40 writes to any file
 *     └ when │    └ which one, counted from 1, every process counting its own
 *            └ what: create, write, sync, truncate, rename, unlink, syncdir
 *
 * The pattern is for the name of the file (of a rename: the new one), or for the whole path when it holds a slash; `*`
 * stands for anything, `?` for any one character. `process` kills whoever does the operation, server or saver, `tree` the whole process group.
 *
 * Only the programs compose it (main.ts, saver-main.ts); no other code knows of it.
 */
import type { Disk, DiskFile, OpenMode } from "./world.ts";

const operations = ["create", "write", "sync", "truncate", "rename", "unlink", "syncdir"] as const;
export type DiskOperation = (typeof operations)[number];
export type KillScope = "process" | "tree";

export interface KillOrder {
  readonly when: "before" | "after";
  readonly operation: DiskOperation;
  readonly count: number;
  /** Counted only once this process has written that often to any file. */
  readonly afterWrites: number;
  readonly pattern: string;
  readonly scope: KillScope;
}

/** The order makes no sense. */
export class KillOrderError extends Error {
  override readonly name = "KillOrderError";
}

/** @throws KillOrderError */
export function parseKillOrder(text: string): KillOrder {
  const fail = (why: string) =>
    new KillOrderError(`'${text}': ${why}; expected before|after:OPERATION:COUNT[@WRITES]:PATTERN:process|tree`);
  // A pattern may hold colons of its own.
  const [when, word, times, ...rest] = text.split(":");
  const scope = rest.pop();
  const pattern = rest.join(":");
  const operation = operations.find((known) => known === word);
  if (when !== "before" && when !== "after") throw fail(`'${when}' is neither before nor after`);
  if (operation === undefined) throw fail(`'${word}' is none of ${operations.join(", ")}`);
  const [, count, writes = "0"] = /^([1-9]\d{0,8})(?:@(\d{1,9}))?$/.exec(times ?? "") ?? [];
  if (count === undefined) throw fail(`'${times}' is no count`);
  if (scope !== "process" && scope !== "tree") throw fail(`'${scope}' is neither process nor tree`);
  if (pattern === "") throw fail("the pattern is empty");
  return { when, operation, count: Number(count), afterWrites: Number(writes), pattern, scope };
}

export class KillSwitch implements Disk {
  private readonly disk: Disk;
  private readonly order: KillOrder;
  private readonly kill: (scope: KillScope) => void;
  private readonly matches: RegExp;
  private seenCount = 0;
  private writesCount = 0;

  constructor(disk: Disk, order: KillOrder, kill: (scope: KillScope) => void) {
    this.disk = disk;
    this.order = order;
    this.kill = kill;
    const source = order.pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    this.matches = new RegExp(`${order.pattern.includes("/") ? "^" : "(^|/)"}${source}$`, "s");
  }

  open(path: string, how: OpenMode): DiskFile {
    const creates = (how === "create" || how === "append") && this.disk.kind(path) === undefined;
    const open = () => this.disk.open(path, how);
    return new SwitchedFile(creates ? this.around("create", path, open) : open(), this);
  }

  rename(from: string, to: string): void {
    this.around("rename", to, () => this.disk.rename(from, to));
  }

  remove(path: string): void {
    this.around("unlink", path, () => this.disk.remove(path));
  }

  syncDir(dir: string): void {
    this.around("syncdir", dir, () => this.disk.syncDir(dir));
  }

  async syncDirInBackground(dir: string): Promise<void> {
    if (this.isNext("syncdir", dir)) {
      this.syncDir(dir);
    } else {
      this.pass("syncdir", dir);
      await this.disk.syncDirInBackground(dir);
    }
  }

  kind(path: string): "file" | "directory" | undefined {
    return this.disk.kind(path);
  }

  size(path: string): number {
    return this.disk.size(path);
  }

  makeDir(path: string): void {
    this.disk.makeDir(path);
  }

  list(dir: string): string[] {
    return this.disk.list(dir);
  }

  lock(dir: string, name: string): Promise<void> {
    return this.disk.lock(dir, name);
  }

  /** Does an operation, and kills at its side when it is the one. */
  around<T>(operation: DiskOperation, path: string, act: () => T): T {
    const isMeant = this.isMeant(operation, path);
    if (operation === "write") this.writesCount++;
    if (!isMeant || ++this.seenCount !== this.order.count) return act();
    if (this.order.when === "before") this.kill(this.order.scope);
    const result = act();
    if (this.order.when === "after") this.kill(this.order.scope);
    return result;
  }

  /** True when the next such operation is the one: it is then done on this thread, or "after" would be later. */
  isNext(operation: DiskOperation, path: string): boolean {
    return this.isMeant(operation, path) && this.seenCount + 1 === this.order.count;
  }

  /** Counts an operation that is not the one. */
  pass(operation: DiskOperation, path: string): void {
    if (this.isMeant(operation, path)) this.seenCount++;
  }

  private isMeant(operation: DiskOperation, path: string): boolean {
    const { operation: wanted, afterWrites } = this.order;
    return operation === wanted && this.writesCount >= afterWrites && this.matches.test(path);
  }
}

class SwitchedFile implements DiskFile {
  readonly path: string;
  private readonly file: DiskFile;
  private readonly killSwitch: KillSwitch;

  constructor(file: DiskFile, killSwitch: KillSwitch) {
    this.path = file.path;
    this.file = file;
    this.killSwitch = killSwitch;
  }

  size(): number {
    return this.file.size();
  }

  read(offset: number, length: number): Uint8Array {
    return this.file.read(offset, length);
  }

  append(bytes: Uint8Array): number {
    return this.killSwitch.around("write", this.path, () => this.file.append(bytes));
  }

  overwrite(offset: number, bytes: Uint8Array): void {
    this.killSwitch.around("write", this.path, () => this.file.overwrite(offset, bytes));
  }

  truncate(sizeBytes: number): void {
    this.killSwitch.around("truncate", this.path, () => this.file.truncate(sizeBytes));
  }

  syncNow(): void {
    this.killSwitch.around("sync", this.path, () => this.file.syncNow());
  }

  async sync(): Promise<void> {
    if (this.killSwitch.isNext("sync", this.path)) {
      this.syncNow();
    } else {
      this.killSwitch.pass("sync", this.path);
      await this.file.sync();
    }
  }

  close(): void {
    this.file.close();
  }
}
