/**
 * Files for a backup, in memory, that remember what is safe: of a file the bytes that were synced, of a folder the names
 * that stood in it at its last sync. When the power goes, a disk may keep all, or only that, or the names and not the bytes.
 */
import { createHash } from "node:crypto";
import { posix as path } from "node:path";
import type { BackupFiles } from "../harness/backup/backup-world.ts";

export interface MemoryFile {
  readonly kind: "file";
  bytes: string;
  synced: string;
}

export interface MemoryFolder {
  readonly kind: "directory";
  readonly names: Map<string, MemoryFile | MemoryFolder>;
  synced: ReadonlyMap<string, MemoryFile | MemoryFolder>;
}

/** `all`: a killed process. `synced`: nothing else. `names`: renames reach the platter first, bytes never. */
export const survivals = ["all", "synced", "names"] as const;

export class MemoryFiles implements BackupFiles {
  readonly root: MemoryFolder;

  constructor(root: MemoryFolder = folder()) {
    this.root = root;
  }

  /** What is found after the crash. */
  after(survival: (typeof survivals)[number]): MemoryFiles {
    return new MemoryFiles(survivorOf(this.root, survival) as MemoryFolder);
  }

  async list(dir: string) {
    const found = this.find(dir);
    return found?.kind === "directory" ? [...found.names.keys()].sort() : [];
  }

  async kindOf(file: string) {
    return this.find(file)?.kind;
  }

  async readText(file: string) {
    const found = this.find(file);
    return found?.kind === "file" ? found.bytes : undefined;
  }

  async writeText(file: string, text: string) {
    this.parentOf(file).names.set(path.basename(file), { kind: "file", bytes: text, synced: "" });
  }

  async claim(file: string, text: string) {
    if (this.find(file) !== undefined) return false;
    await this.writeText(file, text);
    return true;
  }

  async copy(from: string, to: string, seen?: (piece: Uint8Array) => void) {
    const { bytes } = this.fileAt(from);
    if (this.find(to) !== undefined) throw new Error(`${to} is there`);
    await this.writeText(to, bytes);
    seen?.(Buffer.from(bytes, "latin1"));
  }

  async sha256(file: string) {
    return createHash("sha256").update(this.fileAt(file).bytes, "latin1").digest("hex");
  }

  async link(from: string, to: string) {
    this.parentOf(to).names.set(path.basename(to), this.fileAt(from));
  }

  async truncate(file: string, sizeBytes: number) {
    const found = this.fileAt(file);
    found.bytes = found.bytes.slice(0, sizeBytes);
  }

  async makeDir(dir: string) {
    if (this.find(dir) !== undefined) throw new Error(`${dir} is there`);
    this.parentOf(dir).names.set(path.basename(dir), folder());
  }

  async rename(from: string, to: string) {
    const node = this.find(from);
    if (node === undefined) throw missing(from);
    this.parentOf(from).names.delete(path.basename(from));
    this.parentOf(to).names.set(path.basename(to), node);
  }

  async remove(file: string) {
    if (this.find(file) !== undefined) this.parentOf(file).names.delete(path.basename(file));
  }

  async sync(file: string) {
    const found = this.find(file);
    if (found === undefined) throw missing(file);
    if (found.kind === "file") found.synced = found.bytes;
    else found.synced = new Map(found.names);
  }

  private find(file: string): MemoryFile | MemoryFolder | undefined {
    let node: MemoryFile | MemoryFolder | undefined = this.root;
    for (const name of file.split("/").filter((part) => part !== "")) {
      node = node?.kind === "directory" ? node.names.get(name) : undefined;
    }
    return node;
  }

  private fileAt(file: string): MemoryFile {
    const found = this.find(file);
    if (found?.kind !== "file") throw missing(file);
    return found;
  }

  private parentOf(file: string): MemoryFolder {
    const found = this.find(path.dirname(file));
    if (found?.kind !== "directory") throw missing(path.dirname(file));
    return found;
  }
}

function folder(names = new Map<string, MemoryFile | MemoryFolder>()): MemoryFolder {
  return { kind: "directory", names, synced: new Map(names) };
}

function survivorOf(node: MemoryFile | MemoryFolder, survival: (typeof survivals)[number]): MemoryFile | MemoryFolder {
  if (node.kind === "file") {
    const bytes = survival === "all" ? node.bytes : node.synced;
    return { kind: "file", bytes, synced: bytes };
  }
  const names = survival === "synced" ? node.synced : node.names;
  return folder(new Map([...names].map(([name, child]) => [name, survivorOf(child, survival)])));
}

function missing(file: string): Error {
  return Object.assign(new Error(`there is no ${file}`), { code: "ENOENT" });
}
