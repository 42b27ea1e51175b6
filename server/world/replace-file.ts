/**
 * The one way a file is replaced, so that whoever looks finds the old file or the new one, complete, at every moment and
 * after every crash:
 *
 *     create temp ─ write ─ sync temp      the bytes are durable before any name that matters points at them
 *                                   │      (a saver does this half, under a name that carries its pid)
 *     rename temp to final ─ sync folder   the name is durable before anyone acts on it
 *                                          (the server does this half)
 *
 * The manifest, dump.rdb and every base go through here.
 */
import { type Disk, DiskError, type DiskFile } from "./world.ts";

/** All of it. @throws DiskError; what was written until then stays in the file. */
export function writeFully(file: DiskFile, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    const taken = file.append(written === 0 ? bytes : bytes.subarray(written));
    // A disk that takes nothing and says nothing is full.
    if (taken === 0) throw new DiskError("ENOSPC", "write", file.path);
    written += taken;
  }
}

/** The first half. What fails leaves no temp file behind. */
export function writeTemp(disk: Disk, temp: string, write: (file: DiskFile) => void): void {
  const file = disk.open(temp, "create");
  try {
    write(file);
    file.syncNow();
  } catch (error) {
    file.close();
    removeIfThere(disk, temp);
    throw error;
  }
  file.close();
}

/**
 * The second half. Both ends of the rename are synced: on a disk that keeps each folder for itself a name that was only
 * taken from one and not yet safe in the other may still be lost.
 */
export function publish(disk: Disk, temp: string, final: string): void {
  disk.rename(temp, final);
  disk.syncDir(folderOf(final));
  if (folderOf(temp) !== folderOf(final)) disk.syncDir(folderOf(temp));
}

/** Removes a file that may not be there, and whose removal nobody depends on. */
export function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}
