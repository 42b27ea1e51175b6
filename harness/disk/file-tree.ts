/**
 * The live tree of a recorded volume: folders, names, and where each file's bytes are kept.
 *
 * It is a fold over the journal. Every change is a journal record first, and `apply` is the only way to change what the
 * tree holds. So replaying a journal gives the live tree by construction, and a volume can go on from a journal that
 * somebody else wrote: an image laid down, or the crash state that the next link of a chain starts on.
 *
 * Owners, permissions and times are kept beside, on the inodes; the journal does not have them.
 */
import { strict as assert } from "node:assert";
import { type JournalRecord, rootInode } from "../recording/journal.ts";
import type { Unstamped } from "../recording/journal-file.ts";
import { type ByteSource, type Extent, SparseBytes } from "./sparse-bytes.ts";

export type InodeType = "directory" | "file" | "symlink" | "socket" | "pipe";

/** A name in a folder. */
interface Name {
  readonly parent: Inode;
  readonly name: string;
}

export class Inode {
  readonly number: number;
  readonly type: InodeType;
  /** Every name it has; a folder has at most one, the root none. */
  readonly names: Name[] = [];
  /** What a folder holds. */
  readonly entries = new Map<string, Inode>();
  /** What a file holds. */
  readonly bytes = new SparseBytes();
  /** Where a symbolic link points. */
  readonly target: string;
  /** How many of its entries are folders: each counts as a link. */
  folders = 0;

  mode = 0o644;
  uid = 0;
  gid = 0;
  accessedMs = 0;
  modifiedMs = 0;
  changedMs = 0;
  /** Times that the kernel may still speak of it without asking for its name again. */
  lookups = 0;
  opens = 0;
  /** It has neither a name nor an opening: the disk has its room back, though the kernel may still speak of it. */
  isFreed = false;

  constructor(number: number, type: InodeType, target = "") {
    this.number = number;
    this.type = type;
    this.target = target;
  }

  get linkCount(): number {
    return this.type === "directory" ? 2 + this.folders : this.names.length;
  }
}

export class FileTree {
  readonly root = new Inode(rootInode, "directory");
  readonly #inodes = new Map<number, Inode>([[rootInode, this.root]]);
  readonly #source: ByteSource;
  #nextNumber = rootInode + 1;
  #allocated = 0;
  #replaying = false;
  // Rises when a folder gets another name: then no path below it is what it was.
  #renames = 0;
  readonly #paths = new WeakMap<Inode, { readonly renames: number; readonly path: string }>();

  /** @param source where the bytes of `write` records are. */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The number that the next new inode gets. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Bytes that are not holes, of all files, those without a name included. */
  get allocated(): number {
    return this.#allocated;
  }

  get inodeCount(): number {
    return this.#inodes.size;
  }

  inode(number: number): Inode | undefined {
    return this.#inodes.get(number);
  }

  /** Relative to the root; undefined when it has no name any more. */
  pathOf(inode: Inode): string | undefined {
    if (inode === this.root) return "";
    const known = this.#paths.get(inode);
    if (known?.renames === this.#renames) return known.path;
    const first = inode.names[0];
    if (first === undefined) return undefined;
    const path = this.pathIn(first.parent, first.name);
    this.#paths.set(inode, { renames: this.#renames, path });
    return path;
  }

  pathIn(parent: Inode, name: string): string {
    const folder = this.pathOf(parent);
    return folder === undefined || folder === "" ? name : `${folder}/${name}`;
  }

  /** Does what a record says. The record must be lawful: whoever makes it has checked. */
  apply(record: Unstamped): void {
    switch (record.kind) {
      case "create":
        this.#add(new Inode(record.inode, record.type), record);
        break;
      case "mkdir":
        this.#add(new Inode(record.inode, "directory"), record);
        break;
      case "symlink":
        this.#add(new Inode(record.inode, "symlink", record.target), record);
        break;
      case "link":
        this.#attach(this.#get(record.inode), record.parent, lastName(record.path));
        break;
      case "unlink":
      case "rmdir":
        this.#detach(record.parent, lastName(record.path));
        break;
      case "rename":
        this.#rename(record);
        break;
      case "write":
      case "truncate":
      case "fallocate":
        this.#change(record);
        break;
      case "sync-start":
      case "sync-end":
      case "settled":
      case "fault":
        break;
    }
  }

  /**
   * Gives an empty file its size, and bytes that are kept elsewhere. The one change that no record tells of: for files that
   * are only lent to whoever reads them here, and of which nobody will ask how they came about.
   */
  fill(inode: Inode, size: number, extents: Iterable<Extent>): void {
    assert.equal(inode.bytes.size, 0, "only an empty file is filled");
    for (const { start, end, source, sourceOffset } of extents)
      inode.bytes.write(start, end - start, source, sourceOffset);
    inode.bytes.truncate(size);
    this.#allocated += inode.bytes.allocated;
  }

  /** Brings an empty tree to where a journal ends. What was open without a name is gone then, as after a crash. */
  replay(records: Iterable<JournalRecord>): void {
    this.#replaying = true;
    for (const record of records) this.apply(record);
    this.#replaying = false;
    for (const inode of [...this.#inodes.values()]) this.release(inode);
  }

  /** To be called when a lookup, an opening or a name of it went away: forgets an inode that nobody can reach. */
  release(inode: Inode): void {
    if (inode === this.root || this.#replaying || inode.names.length + inode.opens > 0) return;
    // The kernel forgets when it likes. A full disk must have room as soon as a file is gone.
    if (!inode.isFreed) this.#allocated -= inode.bytes.allocated;
    inode.isFreed = true;
    if (inode.lookups === 0) this.#inodes.delete(inode.number);
  }

  /** Depth first, names sorted: a folder comes before what it holds. */
  *walk(folder: Inode = this.root, prefix = ""): Generator<readonly [path: string, inode: Inode]> {
    for (const name of [...folder.entries.keys()].sort()) {
      const inode = folder.entries.get(name) as Inode;
      yield [prefix + name, inode];
      if (inode.type === "directory") yield* this.walk(inode, `${prefix}${name}/`);
    }
  }

  #get(number: number): Inode {
    const inode = this.#inodes.get(number);
    assert.ok(inode !== undefined, `no inode ${number}`);
    return inode;
  }

  #add(inode: Inode, record: { readonly parent: number; readonly path: string }): void {
    assert.ok(!this.#inodes.has(inode.number), `inode ${inode.number} is taken`);
    this.#inodes.set(inode.number, inode);
    this.#nextNumber = Math.max(this.#nextNumber, inode.number + 1);
    this.#attach(inode, record.parent, lastName(record.path));
  }

  #attach(inode: Inode, parentNumber: number, name: string): void {
    const parent = this.#get(parentNumber);
    assert.ok(parent.type === "directory" && !parent.entries.has(name), `${name} cannot be made in ${parentNumber}`);
    parent.entries.set(name, inode);
    inode.names.push({ parent, name });
    if (inode.type === "directory") parent.folders++;
  }

  #detach(parentNumber: number, name: string): void {
    const parent = this.#get(parentNumber);
    const inode = parent.entries.get(name);
    assert.ok(inode !== undefined, `no ${name} in ${parentNumber}`);
    parent.entries.delete(name);
    const index = inode.names.findIndex((known) => known.parent === parent && known.name === name);
    inode.names.splice(index, 1);
    if (inode.type === "directory") parent.folders--;
    // Any folder that lost its name takes the paths below it along.
    if (inode.type === "directory") this.#renames++;
    this.#paths.delete(inode);
    this.release(inode);
  }

  #rename(record: Extract<Unstamped, { kind: "rename" }>): void {
    const [from, to] = [lastName(record.fromPath), lastName(record.path)];
    const inode = this.#get(record.inode);
    // Held open by ourselves, so that it does not vanish while it has no name.
    inode.opens++;
    this.#detach(record.fromParent, from);
    if (record.replaced !== undefined) {
      const replaced = this.#get(record.replaced);
      replaced.opens++;
      this.#detach(record.parent, to);
      if (record.exchange) this.#attach(replaced, record.fromParent, from);
      replaced.opens--;
      this.release(replaced);
    }
    this.#attach(inode, record.parent, to);
    inode.opens--;
  }

  #change(record: Extract<Unstamped, { kind: "write" | "truncate" | "fallocate" }>): void {
    const inode = this.#get(record.inode);
    const { bytes } = inode;
    const before = bytes.allocated;
    if (record.kind === "write") {
      bytes.write(record.offset, record.length, this.#source, record.dataOffset);
    } else if (record.kind === "truncate") {
      bytes.truncate(record.size);
    } else {
      const end = record.offset + record.length;
      if (record.effect === "punch" || record.effect === "zero") bytes.punch(record.offset, end);
      if (record.effect === "allocate" || record.effect === "zero") bytes.truncate(Math.max(bytes.size, end));
    }
    if (!inode.isFreed) this.#allocated += bytes.allocated - before;
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
