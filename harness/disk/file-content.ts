/** The content of a file in a crash state: put together lazily, shared where states share it. */
import type { ResizeOp } from "./disk-op.ts";
import { type Extent, SparseBytes } from "./sparse-bytes.ts";

/** A file's content for reading. What `read` returns may be shared: it is not to be written to. */
export interface FileView {
  readonly sizeBytes: number;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  /** Where it may hold anything but NULs, in order. Absent: anywhere. */
  extents?(): Iterable<Extent>;
}

/** Cut, then zero, then grow: on a file shorter than at the time, each does what is left to do. */
export function resize(
  content: SparseBytes,
  { cutTo, zero, growTo }: Pick<ResizeOp, "cutTo" | "zero" | "growTo">,
): void {
  if (cutTo !== undefined && cutTo < content.size) content.truncate(cutTo);
  if (zero !== undefined && zero.from < content.size) content.punch(zero.from, Math.min(zero.to, content.size));
  if (growTo !== undefined && growTo > content.size) content.truncate(growTo);
}

/** A file that holds these bytes. */
export function holding(bytes: Uint8Array): SparseBytes {
  const content = new SparseBytes();
  const source = {
    read: (offset: number, target: Uint8Array) => target.set(bytes.subarray(offset, offset + target.length)),
  };
  content.write(0, bytes.length, source, 0);
  return content;
}

export function sparseView(content: SparseBytes): FileView {
  return {
    sizeBytes: content.size,
    read(offset, length) {
      const target = new Uint8Array(Math.max(0, Math.min(length, content.size - offset)));
      content.read(offset, target);
      return target;
    },
    extents: () => content.extents(),
  };
}

/** All of it is at hand. */
export function bytesView(bytes: Uint8Array): FileView {
  return { sizeBytes: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
