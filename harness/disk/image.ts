/**
 * An image: a file tree as a value. What a volume holds at one moment, and what a store is started on.
 * Files and folders are all of it: no store of this family keeps data behind symlinks, sockets or pipes.
 */
import type { FileView } from "./file-content.ts";

export type ImageNode = ImageFile | { readonly kind: "directory" };

export interface ImageFile {
  readonly kind: "file";
  readonly bytes: Uint8Array;
  /** The same, for files that are too large to be put together in memory: the image of a whole disk. */
  view?(): FileView;
}

/** By path relative to the volume's root, with `/`, sorted: a folder comes before what it holds. */
export type Image = ReadonlyMap<string, ImageNode>;
