/**
 * The content of a file as a map of where its bytes are kept, so that they are stored once: in the journal.
 *
 *     file      0────────────5·········9──────────14     size 16, two holes
 *               │ hello      │  NULs   │ world      │··
 *     kept in   journal @0   │         │ journal @5
 *
 * Extents are sorted and never overlap; what no extent covers reads as NULs. A later write cuts what it covers out of
 * the earlier ones. Copying the map copies no bytes: that is how a crash state of a large image costs nothing.
 */

/** Where kept bytes are read from: a journal, or the scratch log of a crash state. */
export interface ByteSource {
  /** The file whose offsets these are, where there is one: another process can read it, too. An absolute path. */
  readonly file?: string;
  read(offset: number, target: Uint8Array): void;
}

export interface Extent {
  readonly start: number;
  readonly end: number;
  readonly source: ByteSource;
  /** Where the byte at `start` is in the source. */
  readonly sourceOffset: number;
}

export class SparseBytes {
  #size = 0;
  #allocated = 0;
  #extents: Extent[] = [];

  get size(): number {
    return this.#size;
  }

  /** Bytes that are not holes: what the file costs on a disk. */
  get allocated(): number {
    return this.#allocated;
  }

  copy(): SparseBytes {
    const copy = new SparseBytes();
    copy.#size = this.#size;
    copy.#allocated = this.#allocated;
    copy.#extents = this.#extents.slice();
    return copy;
  }

  /** Where the bytes are, in order. */
  extents(): Iterable<Extent> {
    return this.#extents;
  }

  /** The bytes [at, at + length) are now those at `sourceOffset` of `source`. Grows the file if need be. */
  write(at: number, length: number, source: ByteSource, sourceOffset: number): void {
    if (length === 0) return;
    const end = at + length;
    const last = this.#extents.at(-1);
    if (last !== undefined && at < last.end) {
      this.#insert({ start: at, end, source, sourceOffset });
    } else if (last !== undefined && continues(last, at, source, sourceOffset)) {
      // An appended log stays one extent, however many writes it took.
      this.#extents[this.#extents.length - 1] = { ...last, end };
      this.#allocated += length;
    } else {
      this.#extents.push({ start: at, end, source, sourceOffset });
      this.#allocated += length;
    }
    if (end > this.#size) this.#size = end;
  }

  /** Cut, or grown by NULs, to `size`. */
  truncate(size: number): void {
    if (size < this.#size) this.#clear(size, this.#size);
    this.#size = size;
  }

  /** The range reads as NULs; the size is as before. */
  punch(start: number, end: number): void {
    this.#clear(start, end);
  }

  /** How many bytes of the range are holes: what a write to it would cost. */
  holesIn(start: number, end: number): number {
    let holes = end - start;
    for (let index = this.#firstAfter(start); index < this.#extents.length; index++) {
      const extent = this.#extents[index] as Extent;
      if (extent.start >= end) break;
      holes -= Math.min(extent.end, end) - Math.max(extent.start, start);
    }
    return holes;
  }

  /** Fills `target` from `at` on; returns the bytes there were before the end of the file. */
  read(at: number, target: Uint8Array): number {
    const length = Math.max(0, Math.min(target.length, this.#size - at));
    const end = at + length;
    let done = at;
    for (let index = this.#firstAfter(at); index < this.#extents.length && done < end; index++) {
      const extent = this.#extents[index] as Extent;
      if (extent.start >= end) break;
      const start = Math.max(extent.start, at);
      const stop = Math.min(extent.end, end);
      target.fill(0, done - at, start - at);
      extent.source.read(extent.sourceOffset + start - extent.start, target.subarray(start - at, stop - at));
      done = stop;
    }
    target.fill(0, done - at, length);
    return length;
  }

  #insert(extent: Extent): void {
    this.#clear(extent.start, extent.end);
    this.#extents.splice(this.#firstAfter(extent.start), 0, extent);
    this.#allocated += extent.end - extent.start;
  }

  #clear(start: number, end: number): void {
    const from = this.#firstAfter(start);
    let to = from;
    const edges: Extent[] = [];
    for (; to < this.#extents.length; to++) {
      const extent = this.#extents[to] as Extent;
      if (extent.start >= end) break;
      this.#allocated -= Math.min(extent.end, end) - Math.max(extent.start, start);
      if (extent.start < start) edges.push({ ...extent, end: start });
      if (extent.end > end) {
        edges.push({ ...extent, start: end, sourceOffset: extent.sourceOffset + end - extent.start });
      }
    }
    if (to > from) this.#extents.splice(from, to - from, ...edges);
  }

  /** Index of the first extent that ends after `offset`. */
  #firstAfter(offset: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle] as Extent).end > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function continues(extent: Extent, at: number, source: ByteSource, sourceOffset: number): boolean {
  const length = extent.end - extent.start;
  return extent.end === at && extent.source === source && extent.sourceOffset + length === sourceOffset;
}
