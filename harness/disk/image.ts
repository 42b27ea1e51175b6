/**
 * An image: a file tree as a value. What a volume holds at one moment, and what a store is started on.
 */

export type ImageNode =
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "directory" }
  | { readonly kind: "symlink"; readonly target: string };

/** By path relative to the volume's root, with `/`, sorted: a folder comes before what it holds. */
export type Image = ReadonlyMap<string, ImageNode>;
