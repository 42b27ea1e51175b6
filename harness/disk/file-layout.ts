/**
 * Where the bytes of a file come from: extents over recorded writes, sorted, without overlap; between them are NULs.
 *
 *     file      0         8              20     24
 *               ├─ write 3 ─┤  NUL  ├─ write 9 ─┤            sizeBytes = 24
 *
 * Nothing is copied until somebody reads, so that a state of the disk costs what differs in it, not what is in it.
 */
import type { WriteRecord } from "../recording/journal.ts";
import type { ResizeOp, Segment } from "./disk-op.ts";

/** A file's content for reading. What `read` returns may be shared: it is not to be written to. */
export interface FileView {
  readonly sizeBytes: number;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Uint8Array;
}

export type BytesOf = (write: WriteRecord) => Uint8Array;

/** A write of the journal, or bytes that somebody has put together already. */
type Source = WriteRecord | Uint8Array;

/** Bytes `from` to `to` of the file are those of the source from `from − base` on. */
interface Extent {
  readonly from: number;
  readonly to: number;
  readonly source: Source;
  readonly base: number;
}

export class FileLayout {
  #extents: Extent[];
  #sizeBytes: number;

  constructor(extents: Extent[] = [], sizeBytes = 0) {
    this.#extents = extents;
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  copy(): FileLayout {
    return new FileLayout([...this.#extents], this.#sizeBytes);
  }

  /** A file that holds these bytes. */
  static of(bytes: Uint8Array): FileLayout {
    const extents = bytes.length === 0 ? [] : [{ from: 0, to: bytes.length, source: bytes, base: 0 }];
    return new FileLayout(extents, bytes.length);
  }

  put(segment: Segment): void {
    const { offset, length, record, skip } = segment;
    const extent = { from: offset, to: offset + length, source: record, base: offset - skip };
    this.#replace(extent.from, extent.to, extent);
    this.#sizeBytes = Math.max(this.#sizeBytes, extent.to);
  }

  /** Cut, then zero, then grow: on a file shorter than at the time, each does what is left to do. */
  resize(op: Pick<ResizeOp, "cutTo" | "zero" | "growTo">): void {
    if (op.cutTo !== undefined && op.cutTo < this.#sizeBytes) {
      this.#replace(op.cutTo, Number.POSITIVE_INFINITY);
      this.#sizeBytes = op.cutTo;
    }
    if (op.zero !== undefined) this.#replace(op.zero.from, op.zero.to);
    if (op.growTo !== undefined) this.#sizeBytes = Math.max(this.#sizeBytes, op.growTo);
  }

  /** All extents that touch a range, clipped to it. */
  *within(from: number, to: number): Generator<Extent> {
    for (let at = this.#firstEndingAfter(from); at < this.#extents.length; at++) {
      const extent = this.#extents[at] as Extent;
      if (extent.from >= to) return;
      yield { ...extent, from: Math.max(from, extent.from), to: Math.min(to, extent.to) };
    }
  }

  view(bytesOf: BytesOf): FileView {
    const layout = this;
    return {
      sizeBytes: this.#sizeBytes,
      read(offset, length) {
        const end = Math.min(offset + length, layout.#sizeBytes);
        const target = new Uint8Array(Math.max(0, end - offset));
        for (const { from, to, source, base } of layout.within(offset, end)) {
          const bytes = source instanceof Uint8Array ? source : bytesOf(source);
          target.set(bytes.subarray(from - base, to - base), from - offset);
        }
        return target;
      },
    };
  }

  #replace(from: number, to: number, extent?: Extent): void {
    // The common case, an append: nothing ends after it.
    const first = this.#firstEndingAfter(from);
    let end = first;
    while (end < this.#extents.length && (this.#extents[end] as Extent).from < to) end++;
    const before = this.#extents[first];
    const after = this.#extents[end - 1];
    const replacement: Extent[] = [];
    if (first < end && before !== undefined && before.from < from) replacement.push({ ...before, to: from });
    if (extent !== undefined) replacement.push(extent);
    if (first < end && after !== undefined && after.to > to) replacement.push({ ...after, from: to });
    this.#extents.splice(first, end - first, ...replacement);
  }

  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extents[middle] as Extent).to > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
