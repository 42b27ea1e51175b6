/**
 * All that a recording did to names, and the trees that a power cut can leave.
 *
 *     inode 1 (root)  ├── "appendonlydir" → 2        a folder is its entries; a name leads from a folder to an inode, so a
 *     inode 2         ├── "manifest"      → 5        folder that moves takes everything along, and one whose own name was
 *                     └── "incr.1"        → 3        lost takes everything down
 */
import { type Journal, rootInode } from "../recording/journal.ts";
import { isName, type NameOp, nameOf } from "./disk-op.ts";

export type NodeKind = "file" | "directory" | "symlink" | "socket" | "pipe";

/** Which name operations survived: the first so many, but for some of them. */
export interface NamesVersion {
  readonly upTo: number;
  /** Positions, rising, below `upTo − 1`. */
  readonly lost: readonly number[];
}

export interface Entry {
  readonly path: string;
  readonly inode: number;
  readonly kind: NodeKind;
  /** Of a symlink. */
  readonly target?: string;
}

/** What can be reached from the root, folder by folder, names sorted. Two listings of a history with the same `id` are the same. */
export interface Listing {
  readonly id: number;
  readonly entries: readonly Entry[];
}

type Folder = ReadonlyMap<string, number>;
type Tree = ReadonlyMap<number, Folder>;

const treesKept = 8;
const listingsKept = 4096;

export class NameHistory {
  readonly ops: readonly NameOp[];
  readonly #indexes: readonly number[];
  readonly #nodes = new Map<number, { readonly kind: NodeKind; readonly target?: string }>([
    [rootInode, { kind: "directory" }],
  ]);
  /** Trees after the first so many operations: the next one is built from the nearest. */
  readonly #trees = new Map<number, Tree>([[0, new Map()]]);
  readonly #listings = new Map<string, Listing>();
  /** By content: different operations may well leave the same names. */
  readonly #distinct = new Map<string, Listing>();

  constructor(journal: Journal) {
    const ops: NameOp[] = [];
    journal.records.forEach((record, index) => {
      if (!isName(record)) return;
      ops.push(nameOf(index, record));
      if (record.kind === "create") this.#nodes.set(record.inode, { kind: record.type });
      else if (record.kind === "mkdir") this.#nodes.set(record.inode, { kind: "directory" });
      else if (record.kind === "symlink") this.#nodes.set(record.inode, { kind: "symlink", target: record.target });
    });
    this.ops = ops;
    this.#indexes = ops.map((op) => op.index);
  }

  /** How many operations stand before a record of the journal. */
  countBefore(recordIndex: number): number {
    let low = 0;
    let high = this.#indexes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#indexes[middle] as number) < recordIndex) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All operations before `count` but the lost ones, in its shortest form. */
  version(count: number, lost: readonly number[] = []): NamesVersion {
    let upTo = count;
    let end = lost.length;
    while (end > 0 && lost[end - 1] === upTo - 1) {
      upTo--;
      end--;
    }
    return { upTo, lost: end === lost.length ? lost : lost.slice(0, end) };
  }

  listing(version: NamesVersion): Listing {
    const key = version.lost.length === 0 ? `${version.upTo}` : `${version.upTo}-${version.lost.join("-")}`;
    const known = this.#listings.get(key);
    if (known !== undefined) return known;
    const listing = this.#intern(this.#walk(this.#tree(version)));
    if (this.#listings.size >= listingsKept) this.#listings.clear();
    this.#listings.set(key, listing);
    return listing;
  }

  #intern(entries: readonly Entry[]): Listing {
    const key = entries.map(({ path, inode }) => `${path}\0${inode}`).join("\0");
    const known = this.#distinct.get(key);
    if (known !== undefined) return known;
    const listing = { id: this.#distinct.size, entries };
    this.#distinct.set(key, listing);
    return listing;
  }

  #tree({ upTo, lost }: NamesVersion): Tree {
    const firstLost = lost[0] ?? upTo;
    const tree = new TreeEditor(this.#prefixTree(firstLost));
    const gone = new Set(lost);
    for (let at = firstLost; at < upTo; at++) if (!gone.has(at)) tree.apply(this.ops[at] as NameOp);
    return tree.tree;
  }

  #prefixTree(upTo: number): Tree {
    let nearest = 0;
    for (const count of this.#trees.keys()) if (count <= upTo && count > nearest) nearest = count;
    const known = this.#trees.get(nearest) ?? new Map<number, Folder>();
    if (nearest === upTo) return known;
    const tree = new TreeEditor(known);
    for (let at = nearest; at < upTo; at++) tree.apply(this.ops[at] as NameOp);
    if (this.#trees.size >= treesKept) {
      const [first] = this.#trees.keys();
      this.#trees.delete(first as number);
    }
    this.#trees.set(upTo, tree.tree);
    return tree.tree;
  }

  #walk(tree: Tree): Entry[] {
    const entries: Entry[] = [];
    // A set of survivors may hold a folder inside itself; it is then listed once, as far as it can be reached.
    const above = new Set<number>();
    const visit = (folder: number, prefix: string): void => {
      if (above.has(folder)) return;
      above.add(folder);
      for (const [name, inode] of sorted(tree.get(folder))) {
        const node = this.#nodes.get(inode);
        if (node === undefined) throw new Error(`the journal names inode ${inode} that it never made`);
        const path = prefix + name;
        entries.push({ path, inode, ...node });
        if (node.kind === "directory") visit(inode, `${path}/`);
      }
      above.delete(folder);
    };
    visit(rootInode, "");
    return entries;
  }
}

function sorted(folder: Folder | undefined): (readonly [string, number])[] {
  return folder === undefined ? [] : [...folder].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Edits a copy of a tree; folders that do not change are shared. */
class TreeEditor {
  readonly tree: Map<number, Folder>;
  readonly #mine = new Map<number, Map<string, number>>();

  constructor(from: Tree) {
    this.tree = new Map(from);
  }

  apply(op: NameOp): void {
    for (const change of op.changes) {
      const entries = this.#folder(change.slot.folder);
      if (change.inode !== undefined) entries.set(change.slot.name, change.inode);
      else entries.delete(change.slot.name);
    }
  }

  #folder(inode: number): Map<string, number> {
    const mine = this.#mine.get(inode);
    if (mine !== undefined) return mine;
    const copy = new Map(this.tree.get(inode) ?? []);
    this.#mine.set(inode, copy);
    this.tree.set(inode, copy);
    return copy;
  }
}
