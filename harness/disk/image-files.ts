/**
 * Images from and to real files. The calls are synchronous: a crash state is a few files of some kilobytes, and a
 * promise for each of them costs more than reading it.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Image, ImageNode } from "./image.ts";

/** All files and folders below `dir`. Sockets and pipes are no data and are left out. */
export function readImage(dir: string): Image {
  const image = new Map<string, ImageNode>();
  readInto(image, dir, "");
  return image;
}

function readInto(image: Map<string, ImageNode>, dir: string, prefix: string): void {
  for (const name of readdirSync(dir).sort()) {
    const file = path.join(dir, name);
    const node = readNode(file);
    if (node === undefined) continue;
    image.set(prefix + name, node);
    if (node.kind === "directory") readInto(image, file, `${prefix}${name}/`);
  }
}

/** Undefined also for what vanished meanwhile: an orphaned saver may still rename and remove its own files. */
function readNode(file: string): ImageNode | undefined {
  try {
    const status = lstatSync(file);
    if (status.isDirectory()) return { kind: "directory" };
    return status.isFile() ? { kind: "file", bytes: readFileSync(file) } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes `dir` hold the image and nothing else. The folder itself stays, for it may be a mount. */
export function writeImage(dir: string, image: Image): void {
  for (const name of readdirSync(dir)) rmSync(path.join(dir, name), { recursive: true, force: true });
  for (const [name, node] of image) {
    const file = path.join(dir, name);
    if (node.kind === "directory") mkdirSync(file);
    else writeFileSync(file, node.bytes);
  }
}
