/**
 * An image: a file tree as a value. What a volume holds at one moment, and what a store is started on.
 * Files and folders are all of it: no store of this family keeps data behind symlinks, sockets or pipes.
 */

export type ImageNode = { readonly kind: "file"; readonly bytes: Uint8Array } | { readonly kind: "directory" };

/** By path relative to the volume's root, with `/`, sorted: a folder comes before what it holds. */
export type Image = ReadonlyMap<string, ImageNode>;
