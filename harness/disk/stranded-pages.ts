/**
 * What a failed sync leaves behind in one file, under the reading that nothing of it reached the disk (L3).
 *
 * The kernel marks the pages of a failed write-back clean: they are in memory, not on disk, and nobody will write them
 * again. Only a new write to the same page makes it dirty, and then the whole page is due, old bytes and new:
 *
 *     page      0         1         2
 *     write 1   ████████████████                the sync of these fails: pages 0 and 1 are stranded
 *     write 2                ███████            page 1 is due again, with the bytes of write 1 on it; page 0 is lost
 *
 * So a stranded write is taken out of the file's operations, and its bytes on a page that is written again become the
 * underlay of the write that does it.
 */
import { type FileWrite, type ResizeOp, type Segment, writeOf } from "./disk-op.ts";
import { pageBytes } from "./units.ts";

export class StrandedPages {
  /** By page: the bytes on it that no sync will cover, older ones first. */
  readonly #pages = new Map<number, Segment[]>();

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /**
   * Takes the writes before record `startIndex`, those that the failed sync covered, out of `pending` (in the order of
   * time). Returns what is left, in which later writes may have taken pages back.
   */
  strand(pending: readonly (FileWrite | ResizeOp)[], startIndex: number): (FileWrite | ResizeOp)[] {
    // Apart from what earlier syncs left behind: that met these operations when they came.
    const fresh = new StrandedPages();
    const left: (FileWrite | ResizeOp)[] = [];
    for (const op of pending) {
      if (isResize(op)) {
        fresh.resize(op);
        left.push(op);
      } else if (op.index < startIndex) {
        for (const segment of segmentsOf(op)) fresh.#add(segment);
      } else {
        left.push(fresh.retake(op));
      }
    }
    for (const segments of fresh.#pages.values()) for (const segment of segments) this.#add(segment);
    return left;
  }

  /** The same write, with what was stranded on its pages under it. */
  retake(write: FileWrite): FileWrite {
    if (this.isEmpty) return write;
    const older: Segment[] = [];
    const first = Math.floor(write.record.offset / pageBytes);
    const last = Math.floor((write.record.offset + write.record.length - 1) / pageBytes);
    for (let page = first; page <= last; page++) {
      older.push(...(this.#pages.get(page) ?? []));
      this.#pages.delete(page);
    }
    return older.length === 0 ? write : writeOf(write.index, write.record, [...older, ...write.older]);
  }

  /** What was cut off or punched out of the file is stranded no more. */
  resize(op: ResizeOp): void {
    if (this.isEmpty) return;
    if (op.cutTo !== undefined) this.#remove(op.cutTo, Number.POSITIVE_INFINITY);
    if (op.zero !== undefined) this.#remove(op.zero.from, op.zero.to);
  }

  #add(segment: Segment): void {
    const end = segment.offset + segment.length;
    for (let page = Math.floor(segment.offset / pageBytes); page * pageBytes < end; page++) {
      const part = clip(segment, page * pageBytes, (page + 1) * pageBytes);
      const known = this.#pages.get(page);
      if (known === undefined) this.#pages.set(page, [part]);
      else known.push(part);
    }
  }

  #remove(from: number, to: number): void {
    for (const [page, segments] of this.#pages) {
      const rest = segments.flatMap((segment) => without(segment, from, to));
      if (rest.length === 0) this.#pages.delete(page);
      else this.#pages.set(page, rest);
    }
  }
}

const isResize = (op: FileWrite | ResizeOp): op is ResizeOp => "kind" in op;

/** All bytes of a write, in the order in which they are laid over each other. */
export function segmentsOf(write: FileWrite): readonly Segment[] {
  const { record } = write;
  return [...write.older, { offset: record.offset, length: record.length, record, skip: 0 }];
}

/** The part of a segment within a range that it touches. */
export function clip(segment: Segment, from: number, to: number): Segment {
  const start = Math.max(segment.offset, from);
  const end = Math.min(segment.offset + segment.length, to);
  if (start === segment.offset && end - start === segment.length) return segment;
  return {
    offset: start,
    length: end - start,
    record: segment.record,
    skip: segment.skip + start - segment.offset,
  };
}

function without(segment: Segment, from: number, to: number): Segment[] {
  const end = segment.offset + segment.length;
  if (to <= segment.offset || from >= end) return [segment];
  const parts: Segment[] = [];
  if (from > segment.offset) parts.push(clip(segment, segment.offset, from));
  if (to < end) parts.push(clip(segment, to, end));
  return parts;
}
