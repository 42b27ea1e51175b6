/**
 * A disk that does what it is told, and keeps the journal of it: the hand of the cases in `cases/` and of the tests that
 * draw journals at random. It knows nothing of durability.
 */
import { type FallocateRecord, type JournalRecord, rootInode } from "../../harness/recording/journal.ts";
import { MemoryJournal } from "../../harness/recording/memory-journal.ts";

interface File {
  inode: number;
  size: number;
}

export class ScriptedDisk {
  readonly journal = new MemoryJournal(() => this.#clockNs++);
  #clockNs = 0;
  #nextInode = rootInode + 1;
  readonly #folders = new Map<string, number>([["", rootInode]]);
  readonly #files = new Map<string, File>();
  readonly #started = new Map<string, number>();

  get paths(): string[] {
    return [...this.#files.keys()];
  }

  get folders(): string[] {
    return [...this.#folders.keys()];
  }

  mkdir(path: string): void {
    const inode = this.#nextInode++;
    this.#record({ kind: "mkdir", inode, path, parent: this.#parent(path) });
    this.#folders.set(path, inode);
  }

  create(path: string): void {
    const inode = this.#nextInode++;
    this.#record({ kind: "create", type: "file", inode, path, parent: this.#parent(path) });
    this.#files.set(path, { inode, size: 0 });
  }

  write(path: string, text: string, offset = this.#file(path).size): void {
    const file = this.#file(path);
    const kept = this.journal.keep(Buffer.from(text, "latin1"));
    this.#record({ kind: "write", inode: file.inode, path, offset, ...kept });
    file.size = Math.max(file.size, offset + text.length);
  }

  truncate(path: string, size: number): void {
    const file = this.#file(path);
    this.#record({ kind: "truncate", inode: file.inode, path, size });
    file.size = size;
  }

  fallocate(path: string, effect: FallocateRecord["effect"], offset: number, length: number): void {
    const file = this.#file(path);
    this.#record({ kind: "fallocate", inode: file.inode, path, effect, offset, length });
    if (effect === "allocate" || effect === "zero") file.size = Math.max(file.size, offset + length);
  }

  rename(from: string, to: string): void {
    const file = this.#files.get(from);
    const inode = file?.inode ?? this.#folder(from);
    const replaced = this.#files.get(to)?.inode;
    this.#record({
      kind: "rename",
      inode,
      path: to,
      parent: this.#parent(to),
      fromPath: from,
      fromParent: this.#parent(from),
      ...(replaced !== undefined && { replaced }),
    });
    if (file !== undefined) {
      this.#files.set(to, file);
      this.#files.delete(from);
      return;
    }
    for (const held of [this.#files, this.#folders] as Map<string, unknown>[]) {
      for (const [path, node] of [...held]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        held.delete(path);
        held.set(to + path.slice(from.length), node);
      }
    }
  }

  link(path: string, to: string): void {
    const file = this.#file(path);
    this.#record({ kind: "link", inode: file.inode, path: to, parent: this.#parent(to) });
    this.#files.set(to, file);
  }

  unlink(path: string): void {
    this.#record({ kind: "unlink", inode: this.#file(path).inode, path, parent: this.#parent(path) });
    this.#files.delete(path);
  }

  syncStart(path: string): void {
    const folder = this.#folders.get(path);
    const inode = folder ?? this.#file(path).inode;
    const scope = folder === undefined ? "data" : "directory";
    this.#started.set(path, this.#record({ kind: "sync-start", inode, path, scope }));
  }

  syncEnd(path: string, ok = true): void {
    const start = this.#started.get(path);
    if (start === undefined) throw new Error(`no sync of ${path} was started`);
    this.#started.delete(path);
    const { inode } = this.journal.records[start] as Extract<JournalRecord, { kind: "sync-start" }>;
    this.#record({ kind: "sync-end", inode, path, start, ok });
  }

  sync(path: string, ok = true): void {
    this.syncStart(path);
    this.syncEnd(path, ok);
  }

  isSyncing(path: string): boolean {
    return this.#started.has(path);
  }

  settled(): void {
    this.#record({ kind: "settled" });
  }

  sizeOf(path: string): number {
    return this.#file(path).size;
  }

  #record(record: Parameters<MemoryJournal["record"]>[0] extends infer R ? WithoutTid<R> : never): number {
    return this.journal.record({ tid: 0, ...record } as Parameters<MemoryJournal["record"]>[0]);
  }

  #file(path: string): File {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error(`there is no file ${path}`);
    return file;
  }

  #folder(path: string): number {
    const inode = this.#folders.get(path);
    if (inode === undefined) throw new Error(`there is no folder ${path}`);
    return inode;
  }

  #parent(path: string): number {
    return this.#folder(path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
  }
}

type WithoutTid<R> = R extends { tid: number } ? Omit<R, "tid"> : never;
