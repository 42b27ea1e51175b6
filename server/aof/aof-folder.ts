/**
 * The folder of the log: where its files are, and the manifest as it stands on disk.
 *
 *     dir/
 *       dump.rdb                       temp-<pid>.rdb            a saver at work on a snapshot
 *       temp-rewriteaof-<pid>.aof      temp-rewriteaof-bg-<pid>.aof     … on a base, and a finished one
 *       appendonlydir/                 this folder (see manifest.ts)
 *
 * Laws:
 *  1. The manifest in memory is the one that the name shows: it is adopted at the rename, not before and not after. What
 *     a killed server leaves behind is what it had last believed.
 *  2. A name that was renamed and could not be synced is owed. Nothing that relies on it (an ack under `always`, the
 *     deletion of history) happens before `settle` succeeded.
 *  3. A manifest that somebody else wrote meanwhile is never overwritten.
 */

import { folderOf, publish, removeIfThere, writeFully, writeTemp } from "../world/replace-file.ts";
import { type Disk, DiskError, type DiskFile } from "../world/world.ts";
import { Manifest, type Part } from "./manifest.ts";
import { verifyManifest, withChecksum } from "./manifest-checksum.ts";

export interface AofNames {
  /** Absolute. */
  readonly dir: string;
  readonly appenddirname: string;
  readonly appendfilename: string;
  /** The manifest gets a line that says whether it is still what was written. */
  readonly checksum?: boolean;
}

export class AofFolder {
  private readonly disk: Disk;
  private readonly names: AofNames;
  private current = Manifest.empty;
  /** The manifest's text as this process last read or wrote it; undefined: there is none. */
  private text: string | undefined;
  private owesSync = false;

  constructor(disk: Disk, names: AofNames) {
    this.disk = disk;
    this.names = names;
  }

  get manifest(): Manifest {
    return this.current;
  }

  get path(): string {
    return pathOf(this.names.dir, this.names.appenddirname);
  }

  get manifestPath(): string {
    return pathOf(this.path, `${this.names.appendfilename}.manifest`);
  }

  /** Where records go while the log is being switched on. */
  get temporaryIncrPath(): string {
    return pathOf(this.path, `temp-${this.names.appendfilename}.incr`);
  }

  pathOf(part: Part): string {
    return pathOf(this.path, part.name);
  }

  /**
   * Reads the manifest; without one the log is empty.
   * @throws ManifestError, DiskError
   */
  load(): void {
    this.text = this.readText();
    if (this.text !== undefined) verifyManifest(this.text);
    this.current = this.text === undefined ? Manifest.empty : Manifest.parse(this.text);
  }

  /**
   * Takes over the single file of a server older than version 7, if there is one. Interrupted at any point, the same
   * steps run again at the next start.
   * @throws DiskError
   */
  adoptOldFile(): boolean {
    const { appendfilename, dir } = this.names;
    const old = pathOf(dir, appendfilename);
    if (this.disk.kind(old) !== "file" || !this.isAboutOldFile()) return false;
    this.ensure();
    if (this.current.base === undefined) this.write(Manifest.ofOldFile(appendfilename));
    publish(this.disk, old, pathOf(this.path, appendfilename));
    this.disk.syncDir(dir);
    return true;
  }

  /** Makes the folder, and its name durable: without that all its files could vanish with it. @throws DiskError */
  ensure(): void {
    if (this.disk.kind(this.path) === "directory") return;
    this.disk.makeDir(this.path);
    this.disk.syncDir(folderOf(this.path));
  }

  /**
   * Replaces the manifest.
   * @throws DiskError when the old one is still there. If just the new name could not be synced, that is owed.
   */
  write(next: Manifest): void {
    this.guardForeign();
    const text = this.names.checksum === true ? withChecksum(next.format()) : next.format();
    const temp = pathOf(this.path, `temp-${this.names.appendfilename}.manifest`);
    writeTemp(this.disk, temp, (file) => writeFully(file, Buffer.from(text, "latin1")));
    try {
      this.disk.rename(temp, this.manifestPath);
    } catch (error) {
      removeIfThere(this.disk, temp);
      throw error;
    }
    this.current = next;
    this.text = text;
    this.owesSync = true;
    try {
      this.settle();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** True while the manifest's name is not durable. */
  get isOwing(): boolean {
    return this.owesSync;
  }

  /** Makes durable what is owed. @throws DiskError */
  settle(): void {
    if (!this.owesSync) return;
    this.disk.syncDir(this.path);
    this.owesSync = false;
  }

  /**
   * A new file for records, its name durable, and so is what it begins with. A file that no manifest names may be in its
   * place.
   */
  createIncr(path: string, head?: Uint8Array): DiskFile {
    const file = this.disk.open(path, "create");
    try {
      if (head !== undefined) {
        writeFully(file, head);
        file.syncNow();
      }
      this.disk.syncDir(this.path);
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /**
   * Deletes the files that history names, then the lines. A line whose file is gone does no harm, a file whose line is
   * gone stays for ever: hence this order.
   * @throws DiskError
   */
  deleteHistory(): void {
    if (this.current.history.length === 0) return;
    this.settle();
    for (const part of this.current.history) removeIfThere(this.disk, this.pathOf(part));
    this.write(this.current.withoutHistory());
  }

  /** Bytes of a part; 0 when it is not there. */
  sizeOf(part: Part): number {
    const path = this.pathOf(part);
    return this.disk.kind(path) === "file" ? this.disk.size(path) : 0;
  }

  private isAboutOldFile(): boolean {
    const { appendfilename } = this.names;
    const { base, incrs } = this.current;
    if (base === undefined) return incrs.length === 0;
    if (base.name !== appendfilename || incrs.length > 0) return false;
    return this.disk.kind(this.pathOf(base)) === undefined;
  }

  /** Law 3: whoever has taken the folder over, or laid a backup into it, finds its manifest untouched. */
  private guardForeign(): void {
    const found = this.readText();
    if (found !== undefined && found !== this.text) throw new DiskError("ESTALE", "replace", this.manifestPath);
  }

  private readText(): string | undefined {
    if (this.disk.kind(this.manifestPath) !== "file") return undefined;
    const file = this.disk.open(this.manifestPath, "read");
    try {
      return Buffer.from(file.read(0, file.size())).toString("latin1");
    } finally {
      file.close();
    }
  }
}

/** Names are latin1, a byte a character, as all that comes from configuration; the disk takes text. */
export function pathOf(dir: string, name: string): string {
  return `${dir}/${Buffer.from(name, "latin1").toString("utf8")}`;
}
