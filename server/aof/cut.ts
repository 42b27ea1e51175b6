/**
 * What recovery does to the end of a file: cuts it off, durably; keeps what is cut off under a name of its own; writes
 * again what may be in the page cache alone.
 */
import { folderOf, writeFully, writeTemp } from "../world/replace-file.ts";
import type { Disk } from "../world/world.ts";

const pieceBytes = 1024 * 1024;

/** @throws DiskError */
export function cutFile(disk: Disk, path: string, sizeBytes: number): void {
  const file = disk.open(path, "update");
  try {
    file.truncate(sizeBytes);
    // Before anything is appended: behind a cut that is not durable, the old end could come back.
    file.syncNow();
  } finally {
    file.close();
  }
}

/** Copies what stands behind `offset` to `<path>.cut-<offset>`, durably; returns that path. @throws DiskError */
export function keepAside(disk: Disk, path: string, offset: number): string {
  const aside = `${path}.cut-${offset}`;
  const file = disk.open(path, "read");
  try {
    writeTemp(disk, aside, (copy) => {
      for (let at = offset; at < file.size(); at += pieceBytes) writeFully(copy, file.read(at, pieceBytes));
    });
  } finally {
    file.close();
  }
  disk.syncDir(folderOf(aside));
  return aside;
}

/** Writes a file's bytes from `offset` on once more where they stand, so that the next sync covers them. @throws DiskError */
export function writeAgain(disk: Disk, path: string, offset: number): void {
  const file = disk.open(path, "update");
  try {
    for (let at = offset; at < file.size(); at += pieceBytes) file.overwrite(at, file.read(at, pieceBytes));
  } finally {
    file.close();
  }
}
