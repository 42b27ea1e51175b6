/** The files of this machine, for a backup. */
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import * as fs from "node:fs/promises";
import { type BackupFiles, CannotLink } from "./backup-world.ts";

const pieceBytes = 1024 * 1024;

export const realFiles: BackupFiles = {
  async list(dir) {
    return (await unlessMissing(fs.readdir(dir), [])).sort();
  },

  async kindOf(path) {
    const status = await unlessMissing(fs.lstat(path), undefined);
    if (status === undefined) return undefined;
    return status.isDirectory() ? "directory" : "file";
  },

  readText: (path) => unlessMissing(fs.readFile(path, "utf8"), undefined),

  writeText: (path, text) => fs.writeFile(path, text),

  async claim(path, text) {
    try {
      await fs.writeFile(path, text, { flag: "wx" });
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  },

  async copy(from, to, seen) {
    // One descriptor for all of it: a file that is replaced meanwhile is read to its end as it was.
    const source = await fs.open(from, constants.O_RDONLY);
    try {
      const target = await fs.open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
      try {
        const buffer = new Uint8Array(pieceBytes);
        for (let at = 0; ; ) {
          const { bytesRead } = await source.read(buffer, 0, pieceBytes, at);
          if (bytesRead === 0) return;
          const piece = buffer.subarray(0, bytesRead);
          for (let done = 0; done < bytesRead; ) {
            done += (await target.write(piece, done, bytesRead - done, at + done)).bytesWritten;
          }
          at += bytesRead;
          seen?.(piece);
        }
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  },

  async sha256(path) {
    const hash = createHash("sha256");
    for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) hash.update(piece as Uint8Array);
    return hash.digest("hex");
  },

  async link(from, to) {
    try {
      await fs.link(from, to);
    } catch (error) {
      if (["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "EROFS"].includes(codeOf(error))) {
        throw new CannotLink((error as Error).message);
      }
      throw error;
    }
  },

  truncate: (path, sizeBytes) => fs.truncate(path, sizeBytes),

  async makeDir(path) {
    await fs.mkdir(path);
  },

  rename: (from, to) => fs.rename(from, to),

  remove: (path) => fs.rm(path, { recursive: true, force: true }),

  async sync(path) {
    const handle = await fs.open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

async function unlessMissing<T, U>(asked: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await asked;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return otherwise;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
