/**
 * The Disk of the real world, over node:fs.
 *
 * Two things need care. A background sync holds its descriptor: a file closed meanwhile is closed when the sync is back,
 * or the number could belong to another file by then. And removing a big file takes the kernel long, so the name goes at
 * once and the blocks on another thread, when the last descriptor is closed.
 */
import fs from "node:fs";
import path from "node:path";
import { type Disk, DiskError, type DiskFile, type OpenMode } from "./world.ts";

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = fs.constants;

// Everything that can be written is opened for appending: the kernel finds the end, also after a truncation.
const openFlags: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  update: O_RDWR | O_APPEND,
  append: O_RDWR | O_APPEND | O_CREAT,
  create: O_RDWR | O_APPEND | O_CREAT | O_TRUNC,
};

/** Some file systems cannot sync a folder and say so with these; their names are as durable as they get. */
const folderCannotSync = new Set(["EINVAL", "EBADF", "ENOTSUP"]);

export const realDisk: Disk = {
  open(path, how) {
    return new RealFile(
      path,
      how,
      attempt("open", path, () => fs.openSync(path, openFlags[how], 0o644)),
    );
  },
  kind(path) {
    const found = attempt("stat", path, () => fs.statSync(path, { throwIfNoEntry: false }));
    if (found === undefined) return undefined;
    return found.isDirectory() ? "directory" : "file";
  },
  size: (path) => attempt("stat", path, () => fs.statSync(path).size),
  rename: (from, to) => attempt("rename", from, () => fs.renameSync(from, to)),
  remove(path) {
    attempt("unlink", path, () => {
      const last = heldOpen(path);
      try {
        fs.unlinkSync(path);
      } finally {
        if (last !== undefined) fs.close(last);
      }
    });
  },
  makeDir(path) {
    attempt("mkdir", path, () => {
      if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
      fs.mkdirSync(path, 0o755);
    });
  },
  list: (dir) => attempt("readdir", dir, () => fs.readdirSync(dir).sort()),
  syncDir(dir) {
    attempt("fsync", dir, () => {
      const folder = fs.openSync(dir, O_RDONLY);
      try {
        fs.fsyncSync(folder);
      } catch (error) {
        if (!folderCannotSync.has(codeOf(error))) throw error;
      } finally {
        fs.closeSync(folder);
      }
    });
  },
  async syncDirInBackground(dir) {
    const folder = await fs.promises.open(dir, O_RDONLY).catch((error: unknown) => fail("open", dir, error));
    try {
      await folder.sync().catch((error: unknown) => {
        if (!folderCannotSync.has(codeOf(error))) fail("fsync", dir, error);
      });
    } finally {
      await folder.close();
    }
  },
  async lock(dir, name) {
    const folder = attempt("stat", dir, () => fs.statSync(dir));
    // Only now: savers have this disk as well, start often, and lock nothing.
    const { lockName } = await import("./real-lock.ts");
    await lockName(`${folder.dev}:${folder.ino}:${name}`, path.join(dir, name));
  },
};

class RealFile implements DiskFile {
  readonly path: string;
  private readonly how: OpenMode;
  private readonly descriptor: number;
  private syncsUnderWay = 0;
  private closing = false;

  constructor(path: string, how: OpenMode, descriptor: number) {
    this.path = path;
    this.how = how;
    this.descriptor = descriptor;
  }

  size(): number {
    return attempt("stat", this.path, () => fs.fstatSync(this.descriptor).size);
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = attempt("read", this.path, () =>
        fs.readSync(this.descriptor, bytes, filled, length - filled, offset + filled),
      );
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  append(bytes: Uint8Array): number {
    return attempt("write", this.path, () => fs.writeSync(this.descriptor, bytes));
  }

  overwrite(offset: number, bytes: Uint8Array): void {
    attempt("write", this.path, () => {
      if (this.how === "read") throw new DiskError("EBADF", "write", this.path);
      // A descriptor that appends puts everything at the end, wherever it is told to. On Linux another one is had
      // whatever the file is called by now.
      const name = process.platform === "linux" ? `/proc/self/fd/${this.descriptor}` : this.path;
      const descriptor = fs.openSync(name, O_WRONLY);
      try {
        for (let written = 0; written < bytes.length; ) {
          written += fs.writeSync(descriptor, bytes, written, bytes.length - written, offset + written);
        }
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  truncate(sizeBytes: number): void {
    attempt("truncate", this.path, () => fs.ftruncateSync(this.descriptor, sizeBytes));
  }

  syncNow(): void {
    attempt("fdatasync", this.path, () => fs.fdatasyncSync(this.descriptor));
  }

  sync(): Promise<void> {
    this.syncsUnderWay++;
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.descriptor, (error) => {
        this.syncsUnderWay--;
        if (this.closing) this.closeWhenIdle();
        if (error === null) resolve();
        else reject(new DiskError(codeOf(error), "fdatasync", this.path));
      });
    });
  }

  close(): void {
    this.closing = true;
    this.closeWhenIdle();
  }

  private closeWhenIdle(): void {
    if (this.syncsUnderWay === 0) attempt("close", this.path, () => fs.closeSync(this.descriptor));
  }
}

/** A descriptor that keeps the blocks of a file whose name goes; without the right to read there is none. */
function heldOpen(path: string): number | undefined {
  try {
    return fs.openSync(path, O_RDONLY);
  } catch (error) {
    if (codeOf(error) === "EACCES") return undefined;
    throw error;
  }
}

function attempt<T>(operation: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    return fail(operation, path, error);
  }
}

function fail(operation: string, path: string, error: unknown): never {
  const code = codeOf(error);
  if (code === "") throw error;
  throw new DiskError(code, operation, path);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
