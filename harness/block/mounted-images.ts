/**
 * A cut image of a disk, put in order by the file system that it holds: mounted, and what is then in it is what a user
 * would find after that power cut.
 *
 *     m7.img on a shelf ──mount──▶ the file system replays its journal ──copy──▶ files
 *        │  reads                            │ writes
 *        ▼                                   ▼
 *     the data of the recording         the shelf's own journal        copy on write: no image is ever copied
 *
 * The shelf is a recorded volume. Its journal is scratch that nobody reads, so it is given up after so many images, and
 * another one begun. Mounts happen in the shelf's mount namespace, on loop devices that end with the mount: nothing is
 * left by anything that can happen to the harness.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { bytesView, type FileView } from "../disk/file-content.ts";
import type { Image, ImageFile } from "../disk/image.ts";
import { readImage } from "../disk/image-files.ts";
import type { PlacedFile } from "../fuse/control.ts";
import { RecordedVolume } from "../fuse/recorded-volume.ts";
import { diskName } from "./filesystem-volume.ts";
import type { Filesystem } from "./filesystems.ts";

/** The file system could not be mounted any more: that is what a user would find, too. */
export class NotMountable extends Error {
  override readonly name = "NotMountable";
}

/** Each replay of a journal writes some 100 KB. */
const imagesOnAShelf = 500;

const script =
  'mount -t "$1" -o "$2" "$3" "$4/mount" && cp -a "$4/mount/." "$4/files/" && umount "$4/mount"; status=$?; rm "$3"; exit $status';

interface Shelf {
  readonly dir: string;
  readonly volume: Promise<RecordedVolume>;
  /** That were put on it. */
  images: number;
  /** That are mounted now. */
  open: number;
}

export class MountedImages {
  readonly #filesystem: Filesystem;
  readonly #folder: string;
  readonly #shelves = new Set<Shelf>();
  #current: Shelf | undefined;
  #count = 0;

  /** @param folder for shelves and what is copied; in memory, if possible. It exists and is the caller's to remove. */
  constructor(filesystem: Filesystem, folder: string) {
    this.#filesystem = filesystem;
    this.#folder = folder;
  }

  /** @param disk as a crash state of a `FilesystemVolume` gives it. @throws NotMountable, VolumeUnavailable */
  async filesIn(disk: Image): Promise<Image> {
    const name = `m${++this.#count}`;
    const place = path.join(this.#folder, name);
    for (const each of ["", "mount", "files"]) mkdirSync(path.join(place, each));
    const shelf = this.#shelf();
    shelf.open++;
    try {
      const volume = await shelf.volume;
      await volume.place(placedFile(`${name}.img`, viewOf(disk), path.join(place, "spill")));
      const { name: type, options } = this.#filesystem;
      const args = ["-c", script, "sh", type, options, path.join(volume.dir, `${name}.img`), place];
      const line = volume.enter("sh", args);
      const { failed, stderr } = await execa(line.command, line.args, { reject: false });
      if (failed) throw new NotMountable(`${type} cannot be mounted after that power cut: ${stderr}`);
      return withoutLostAndFound(readImage(path.join(place, "files")));
    } finally {
      shelf.open--;
      rmSync(place, { recursive: true });
      await this.#giveUpFull();
    }
  }

  /** To be called when nothing is mounted any more. */
  async close(): Promise<void> {
    this.#current = undefined;
    await this.#giveUpFull();
  }

  #shelf(): Shelf {
    if (this.#current === undefined || this.#current.images >= imagesOnAShelf) {
      const dir = path.join(this.#folder, `shelf-${this.#count}`);
      mkdirSync(dir);
      this.#current = { dir, volume: RecordedVolume.create(dir), images: 0, open: 0 };
      this.#shelves.add(this.#current);
    }
    this.#current.images++;
    return this.#current;
  }

  /** Shelves on which nothing is mounted, and on which nothing will be put any more. */
  async #giveUpFull(): Promise<void> {
    for (const shelf of this.#shelves) {
      if (shelf === this.#current || shelf.open > 0) continue;
      this.#shelves.delete(shelf);
      const made = await Promise.allSettled([shelf.volume]);
      for (const each of made) if (each.status === "fulfilled") await each.value.dispose();
    }
  }
}

function viewOf(disk: Image): FileView {
  const file = disk.get(diskName) as ImageFile;
  return file.view?.() ?? bytesView(file.bytes);
}

/** @param spill a file that is made for bytes that are in no file yet. */
function placedFile(name: string, view: FileView, spill: string): PlacedFile {
  const files: string[] = [];
  const spilled: Uint8Array[] = [];
  let spilledBytes = 0;
  const indexOf = (file: string): number => (files.includes(file) ? files.indexOf(file) : files.push(file) - 1);
  const extents = [...extentsOf(view)].map(({ start, end, file, offset }) => {
    const length = end - start;
    if (file !== undefined) return [start, length, indexOf(file), offset] as const;
    spilled.push(view.read(start, length));
    spilledBytes += length;
    return [start, length, indexOf(spill), spilledBytes - length] as const;
  });
  if (spilled.length > 0) writeFileSync(spill, Buffer.concat(spilled));
  return { name, size: view.sizeBytes, files, extents };
}

function* extentsOf(view: FileView) {
  if (view.extents === undefined) yield { start: 0, end: view.sizeBytes, file: undefined, offset: 0 };
  else {
    for (const { start, end, source, sourceOffset } of view.extents()) {
      yield { start, end, file: source.file, offset: sourceOffset };
    }
  }
}

/** What mkfs.ext4 makes is no file of the store. */
function withoutLostAndFound(files: Image): Image {
  return new Map([...files].filter(([name]) => name !== "lost+found"));
}
