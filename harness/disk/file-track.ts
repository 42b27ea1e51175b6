/**
 * All that a recording did to one file, and the versions of it that a power cut can leave.
 *
 *     ops       w0    w1    w2    t3    w4    w5          t: a resize
 *     version   ├──── upTo 2 ──┤                          what survived whole, from the beginning
 *                              ├╴tornTo                   the next one in part
 *                                    t3                   resizes ahead of lost writes (resizesTo 6), and, where a
 *                                       ╌╌╌╌ ╌╌╌╌         model says so, sizes ahead of their bytes (sizesTo 6)
 *
 * Nearly every version is just a count of operations. That is what makes signatures cheap: two states in which a file has
 * the same version hold the same bytes, and nobody had to look at them.
 */
import type { FileWrite, ResizeOp, Segment } from "./disk-op.ts";
import { bytesView, type FileView, holding, resize, sparseView } from "./file-content.ts";
import type { ByteSource, SparseBytes } from "./sparse-bytes.ts";
import { clip, segmentsOf } from "./stranded-pages.ts";
import { pageBytes } from "./units.ts";

export type FileOp = FileWrite | ResizeOp;

export interface FileVersion {
  /** So many operations survived whole, but for lost pages. */
  readonly upTo: number;
  /** The next one, a write, survived up to this offset of the file. */
  readonly tornTo?: number;
  /** Among the operations below this count, sizes reached the disk although their bytes were lost. */
  readonly sizesTo?: number;
  /** Among the operations below this count, which is the higher one, resizes did. */
  readonly resizesTo?: number;
  readonly olderPages?: OlderPages;
}

/** Pages that are older than the rest: only the first `upTo` operations of the file survived on them. By page, rising. */
type OlderPages = readonly { readonly page: number; readonly upTo: number }[];

const oldestOf = (upTo: number, olderPages: OlderPages) =>
  olderPages.reduce((least, page) => Math.min(least, page.upTo), upTo);

/** A track that differs from another only behind its first operations: a reading of a failed sync (L3). */
interface Branch {
  readonly like: FileTrack;
  readonly upTo: number;
  /** Sets its versions apart in signatures. */
  readonly name: string;
}

/** How many layouts are kept to build the next one from; neighbouring states ask for neighbouring versions. */
const layoutsKept = 8;

export class FileTrack {
  readonly inode: number;
  readonly ops: readonly FileOp[];
  /** Index in the journal of each operation, rising. */
  readonly indexes: readonly number[];
  readonly #source: ByteSource;
  readonly #branch: Branch | undefined;
  readonly #ops: FileOp[] = [];
  readonly #indexes: number[] = [];
  /** Size after so many operations: one entry more than operations. */
  readonly #sizes: number[] = [0];
  readonly #resizes: number[] = [];
  /** Up to here every operation is a write at the end, so that versions are prefixes of one run of bytes. */
  #appends = 0;
  #appended = new Uint8Array(0);
  #appendedOps = 0;
  readonly #layouts = new Map<number, SparseBytes>();

  /** @param source the journal's data. */
  constructor(inode: number, source: ByteSource, branch?: Branch) {
    this.inode = inode;
    this.#source = source;
    this.#branch = branch;
    this.ops = this.#ops;
    this.indexes = this.#indexes;
  }

  get sizeBytes(): number {
    return this.#sizes[this.#ops.length] as number;
  }

  /** Every operation was a write at the end: all versions are beginnings of what the file holds at last. */
  get isAppended(): boolean {
    return this.#branch === undefined && this.#appends === this.#ops.length;
  }

  push(op: FileOp): void {
    const before = this.sizeBytes;
    const isAppend = !isResize(op) && op.older.length === 0 && op.from === before;
    if (isAppend && this.#appends === this.#ops.length) this.#appends++;
    if (isResize(op)) this.#resizes.push(this.#ops.length);
    this.#ops.push(op);
    this.#indexes.push(op.index);
    this.#sizes.push(isResize(op) ? resized(before, op) : Math.max(before, op.to));
  }

  /** How many operations stand before a record of the journal. */
  countBefore(recordIndex: number): number {
    let low = 0;
    let high = this.#indexes.length;
    if (high === 0 || (this.#indexes[high - 1] as number) < recordIndex) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#indexes[middle] as number) < recordIndex) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The resizes among operations `from` to `to`, as positions. */
  resizesBetween(from: number, to: number): readonly number[] {
    if (this.#resizes.length === 0) return this.#resizes;
    return this.#resizes.filter((at) => at >= from && at < to);
  }

  /** The first operation among `from` to `to` that writes to a page. */
  nextOnPage(page: number, from: number, to: number): number | undefined {
    for (let at = from; at < to; at++) {
      const op = this.#ops[at] as FileOp;
      if (!isResize(op) && op.from < (page + 1) * pageBytes && op.to > page * pageBytes) return at;
    }
    return undefined;
  }

  // ── Versions ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Equal when, and as good as only when, the versions hold the same bytes. */
  key(version: FileVersion): string {
    const { upTo, tornTo, sizesTo, resizesTo, olderPages } = version;
    if (this.#isBeforeBranch(version)) return (this.#branch as Branch).like.key(version);
    let key = this.#branch === undefined ? `${upTo}` : `${this.#branch.name}${upTo}`;
    if (tornTo !== undefined) key += `+${tornTo}`;
    if (sizesTo !== undefined) key += `z${sizesTo}`;
    if (resizesTo !== undefined) key += `t${resizesTo}`;
    if (olderPages !== undefined) for (const { page, upTo: older } of olderPages) key += `,${page}:${older}`;
    return key;
  }

  /** Whether the file holds the beginning of what it really held, and nothing else. */
  isPrefix(version: FileVersion): boolean {
    if (this.#isBeforeBranch(version)) return (this.#branch as Branch).like.isPrefix(version);
    return this.#branch === undefined && isPlain(version);
  }

  #isBeforeBranch(version: FileVersion): boolean {
    return (
      this.#branch !== undefined &&
      version.upTo <= this.#branch.upTo &&
      isPlain(version) &&
      version.tornTo === undefined
    );
  }

  sizeOf(version: FileVersion): number {
    const { upTo, tornTo, sizesTo = upTo, resizesTo = upTo, olderPages } = version;
    let size = olderPages === undefined ? (this.#sizes[upTo] as number) : this.#pagedSize(upTo, olderPages);
    if (tornTo !== undefined) {
      const torn = partsWithin(this.#ops[upTo] as FileWrite, 0, tornTo);
      for (const part of torn) size = Math.max(size, part.offset + part.length);
    }
    if (sizesTo > upTo) size = this.#sizes[sizesTo] as number;
    for (const at of this.resizesBetween(sizesTo, resizesTo)) size = resized(size, this.#ops[at] as ResizeOp);
    return size;
  }

  #pagedSize(upTo: number, olderPages: OlderPages): number {
    const oldest = oldestOf(upTo, olderPages);
    const older = new Map(olderPages.map(({ page, upTo: count }) => [page, count]));
    let size = this.#sizes[oldest] as number;
    for (let at = oldest; at < upTo; at++) {
      const op = this.#ops[at] as FileOp;
      if (isResize(op)) size = resized(size, op);
      else for (const part of survivingParts(op, at, older)) size = Math.max(size, part.offset + part.length);
    }
    return size;
  }

  view(version: FileVersion): FileView {
    const count = version.tornTo === undefined ? version.upTo : version.upTo + 1;
    if (count > this.#appends || !isPlain(version)) return sparseView(this.#layout(version));
    const bytes = this.#appendedBytes(count);
    return bytesView(bytes.subarray(0, this.sizeOf(version)));
  }

  /** All states of an append-only file are views of these bytes. */
  #appendedBytes(count: number): Uint8Array {
    const needed = this.#sizes[count] as number;
    if (this.#appended.length < needed) {
      const most = this.#sizes[this.#appends] as number;
      const grown = new Uint8Array(Math.min(most, Math.max(needed, this.#appended.length * 2)));
      grown.set(this.#appended);
      this.#appended = grown;
    }
    for (; this.#appendedOps < count; this.#appendedOps++) {
      const { record } = this.#ops[this.#appendedOps] as FileWrite;
      this.#source.read(record.dataOffset, this.#appended.subarray(record.offset, record.offset + record.length));
    }
    return this.#appended;
  }

  #layout(version: FileVersion): SparseBytes {
    const { upTo, tornTo, sizesTo = upTo, resizesTo = sizesTo, olderPages = [] } = version;
    const layout = upTo <= this.#appends ? this.#appendedLayout(upTo, olderPages) : this.#pagedLayout(upTo, olderPages);
    if (tornTo !== undefined) {
      for (const part of partsWithin(this.#ops[upTo] as FileWrite, 0, tornTo)) this.#put(layout, part);
    }
    for (let at = upTo; at < sizesTo; at++) {
      const op = this.#ops[at] as FileOp;
      resize(layout, isResize(op) ? op : { growTo: op.to });
    }
    for (const at of this.resizesBetween(sizesTo, resizesTo)) resize(layout, this.#ops[at] as ResizeOp);
    return layout;
  }

  /** Where all is appended, a page lost its end: what was there before the first lost write is below its size then. */
  #appendedLayout(upTo: number, olderPages: OlderPages): SparseBytes {
    const sizeBytes = this.#pagedSize(upTo, olderPages);
    const layout = holding(this.#appendedBytes(upTo).subarray(0, sizeBytes));
    for (const { page, upTo: older } of olderPages) {
      const from = Math.max(page * pageBytes, this.#sizes[older] as number);
      resize(layout, { zero: { from, to: (page + 1) * pageBytes } });
    }
    return layout;
  }

  #pagedLayout(upTo: number, olderPages: OlderPages): SparseBytes {
    const oldest = oldestOf(upTo, olderPages);
    const layout = this.#prefixLayout(oldest).copy();
    const older = new Map(olderPages.map(({ page, upTo: count }) => [page, count]));
    for (let at = oldest; at < upTo; at++) this.#apply(layout, at, older);
    return layout;
  }

  #prefixLayout(upTo: number): SparseBytes {
    let nearest = Math.min(upTo, this.#appends);
    for (const count of this.#layouts.keys()) if (count <= upTo && count > nearest) nearest = count;
    const known = this.#layouts.get(nearest);
    if (known !== undefined && nearest === upTo) return known;
    const layout = known?.copy() ?? holding(this.#appendedBytes(nearest).subarray(0, this.#sizes[nearest]));
    for (let at = nearest; at < upTo; at++) this.#apply(layout, at, noPages);
    if (this.#layouts.size >= layoutsKept) {
      const [first] = this.#layouts.keys();
      this.#layouts.delete(first as number);
    }
    this.#layouts.set(upTo, layout);
    return layout;
  }

  #apply(layout: SparseBytes, at: number, older: ReadonlyMap<number, number>): void {
    const op = this.#ops[at] as FileOp;
    if (isResize(op)) resize(layout, op);
    else for (const part of survivingParts(op, at, older)) this.#put(layout, part);
  }

  #put(layout: SparseBytes, { offset, length, record, skip }: Segment): void {
    layout.write(offset, length, this.#source, record.dataOffset + skip);
  }
}

const isPlain = ({ sizesTo, resizesTo, olderPages }: FileVersion): boolean =>
  sizesTo === undefined && resizesTo === undefined && olderPages === undefined;

export const isResize = (op: FileOp): op is ResizeOp => "kind" in op;

function resized(sizeBytes: number, op: ResizeOp): number {
  const cut = op.cutTo === undefined ? sizeBytes : Math.min(sizeBytes, op.cutTo);
  return op.growTo === undefined ? cut : Math.max(cut, op.growTo);
}

const noPages: ReadonlyMap<number, number> = new Map();

/** What a write brings to the pages that are not older than it. */
function* survivingParts(write: FileWrite, at: number, older: ReadonlyMap<number, number>): Generator<Segment> {
  if (older.size === 0) {
    yield* segmentsOf(write);
    return;
  }
  for (let page = Math.floor(write.from / pageBytes); page * pageBytes < write.to; page++) {
    if (at < (older.get(page) ?? Number.POSITIVE_INFINITY)) {
      yield* partsWithin(write, page * pageBytes, (page + 1) * pageBytes);
    }
  }
}

function* partsWithin(write: FileWrite, from: number, to: number): Generator<Segment> {
  for (const segment of segmentsOf(write)) {
    if (segment.offset < to && segment.offset + segment.length > from) yield clip(segment, from, to);
  }
}
