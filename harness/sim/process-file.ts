/** An open file of a simulated process, and how an operation meets its faults. */
import { DiskError, type DiskFile } from "../../server/world/world.ts";
import type { ErrorCode, Interference } from "../disk/disk-fault.ts";
import type { Inode } from "../disk/file-tree.ts";
import type { DiskOperation } from "../recording/journal.ts";
import type { SimDisk } from "./sim-disk.ts";
import { type SimProcess, WorldEnded } from "./sim-time.ts";

export class ProcessFile implements DiskFile {
  readonly path: string;
  readonly #disk: SimDisk;
  readonly #process: SimProcess;
  readonly #closed: (file: ProcessFile) => void;
  readonly #inode: Inode;
  readonly #isWritable: boolean;
  #isOpen = true;

  constructor(
    disk: SimDisk,
    process: SimProcess,
    path: string,
    inode: Inode,
    isWritable: boolean,
    closed: (file: ProcessFile) => void,
  ) {
    this.path = path;
    this.#disk = disk;
    this.#process = process;
    this.#closed = closed;
    this.#inode = inode;
    this.#isWritable = isWritable;
    disk.opened(inode);
  }

  size(): number {
    this.#assertOpen("stat");
    return this.#inode.bytes.size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#do("read", "read", (hit) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#inode.bytes.size - offset)));
      this.#inode.bytes.read(offset, bytes);
      const wrong = hit?.flip?.(this.#inode.number, this.#inode.bytes.size);
      if (wrong !== undefined && wrong.offset >= offset && wrong.offset < offset + bytes.length) {
        bytes[wrong.offset - offset] = (bytes[wrong.offset - offset] as number) ^ (1 << wrong.bit);
      }
      return bytes;
    });
  }

  append(bytes: Uint8Array): number {
    return this.#do("write", "write", (hit) => {
      if (!this.#isWritable) throw new DiskError("EBADF", "write", this.path);
      if (bytes.length === 0) return 0;
      const taken = this.#disk.fits(this.#process, this.#inode, Math.min(bytes.length, hit?.bytesMax ?? bytes.length));
      if (taken === 0) throw new DiskError("ENOSPC", "write", this.path);
      this.#disk.append(this.#process, this.#inode, bytes.subarray(0, taken));
      return taken;
    });
  }

  overwrite(offset: number, bytes: Uint8Array): void {
    this.#do("write", "write", () => {
      if (!this.#isWritable) throw new DiskError("EBADF", "write", this.path);
      this.#disk.write(this.#process, this.#inode, offset, bytes);
    });
  }

  truncate(sizeBytes: number): void {
    this.#do("truncate", "truncate", () => {
      if (!this.#isWritable) throw new DiskError("EINVAL", "truncate", this.path);
      this.#disk.truncate(this.#process, this.#inode, sizeBytes);
    });
  }

  syncNow(): void {
    this.#assertOpen("fdatasync");
    const error = this.#disk.syncNow(this.#process, this.#inode, "fdatasync");
    if (error !== undefined) throw new DiskError(error, "fdatasync", this.path);
  }

  sync(): Promise<void> {
    this.#assertOpen("fdatasync");
    // Held open until it is back, as the real disk does it.
    this.#disk.opened(this.#inode);
    return inBackground(this.#process, this.path, "fdatasync", (ended) =>
      this.#disk.sync(this.#process, this.#inode, "fdatasync", (error) => {
        this.#disk.closed(this.#inode);
        ended(error);
      }),
    );
  }

  close(): void {
    this.#assertOpen("close");
    this.#closed(this);
    this.forget();
  }

  forget(): void {
    this.#isOpen = false;
    this.#disk.closed(this.#inode);
  }

  #do<T>(operation: DiskOperation, word: string, act: (hit?: Interference) => T): T {
    this.#assertOpen(word);
    const paths = () => [this.#disk.pathOf(this.#inode) ?? ""];
    return hindered(this.#disk, this.#process, operation, { word, path: this.path }, paths, act);
  }

  #assertOpen(word: string): void {
    if (!this.#process.isAlive) throw new WorldEnded(this.#process);
    if (!this.#isOpen) throw new DiskError("EBADF", word, this.path);
  }
}

/** An operation with all that may befall it; `act` finds the world as it is by then. */
export function hindered<T>(
  disk: SimDisk,
  process: SimProcess,
  operation: DiskOperation,
  blame: { readonly word: string; readonly path: string },
  paths: () => readonly string[],
  act: (hit?: Interference) => T,
): T {
  const hit = disk.meet(process, operation, paths);
  if (hit === undefined) return act();
  if (hit.error !== undefined) throw new DiskError(hit.error, blame.word, blame.path);
  const result = act(hit);
  disk.leave(process, hit, operation, paths);
  return result;
}

/** Settles when the sync has ended; never for a process that is dead by then. */
export function inBackground(
  process: SimProcess,
  path: string,
  word: string,
  begin: (ended: (error: ErrorCode | undefined) => void) => void,
): Promise<void> {
  const { promise, resolve, reject } = withResolvers();
  begin((error) => {
    if (!process.isAlive) return;
    if (error === undefined) resolve();
    else reject(new DiskError(error, word, path));
  });
  return promise;
}

/** `begin` may throw at whoever asks, which inside a promise's executor would become a rejection. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => undefined;
  let reject = (_error: Error): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
