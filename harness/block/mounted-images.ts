/**
 * A cut image of a disk, put in order by the file system that it holds: laid down as a sparse file, mounted, and what is
 * then in it is what a user would find after that power cut.
 *
 *     image ──lay──▶ disk.img ──mount──▶ the file system replays its journal ──copy──▶ files
 *
 * Each mount happens in a mount namespace that its command alone lives in, on a loop device that ends with the mount: no
 * mount is left by anything that can happen to the harness.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import type { FileView } from "../disk/file-content.ts";
import { bytesView } from "../disk/file-content.ts";
import type { Image, ImageFile } from "../disk/image.ts";
import { readImage } from "../disk/image-files.ts";
import { diskName } from "./filesystem-volume.ts";
import type { Filesystem } from "./filesystems.ts";

/** The file system could not be mounted any more: that is what a user would find, too. */
export class NotMountable extends Error {
  override readonly name = "NotMountable";
}

const script = 'mount -t "$1" -o "$2" "$3/disk.img" "$3/mount" && cp -a "$3/mount/." "$3/files/"';
const pieceBytes = 1 << 20;

export class MountedImages {
  readonly #filesystem: Filesystem;
  readonly #folder: string;
  #count = 0;

  /** @param folder where images are laid; in memory, if possible. It exists and is the caller's to remove. */
  constructor(filesystem: Filesystem, folder: string) {
    this.#filesystem = filesystem;
    this.#folder = folder;
  }

  /** @param disk as a crash state of a `FilesystemVolume` gives it. @throws NotMountable */
  async filesIn(disk: Image): Promise<Image> {
    const place = path.join(this.#folder, `m${++this.#count}`);
    for (const name of ["", "mount", "files"]) mkdirSync(path.join(place, name));
    try {
      layDisk(path.join(place, diskName), viewOf(disk));
      const { name, options } = this.#filesystem;
      const args = ["--mount", "sh", "-c", script, "sh", name, options, place];
      const { failed, stderr } = await execa("unshare", args, { reject: false });
      if (failed) throw new NotMountable(`${name} cannot be mounted after that power cut: ${stderr}`);
      return withoutLostAndFound(readImage(path.join(place, "files")));
    } finally {
      rmSync(place, { recursive: true });
    }
  }
}

function viewOf(disk: Image): FileView {
  const file = disk.get(diskName) as ImageFile;
  return file.view?.() ?? bytesView(file.bytes);
}

function layDisk(file: string, view: FileView): void {
  const fd = openSync(file, "wx");
  try {
    ftruncateSync(fd, view.sizeBytes);
    for (const { start, end } of view.extents?.() ?? [{ start: 0, end: view.sizeBytes }]) {
      for (let at = start; at < end; at += pieceBytes) {
        const piece = view.read(at, Math.min(pieceBytes, end - at));
        writeSync(fd, piece, 0, piece.length, at);
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** What mkfs.ext4 makes is no file of the store. */
function withoutLostAndFound(files: Image): Image {
  return new Map([...files].filter(([name]) => name !== "lost+found"));
}
