/**
 * A plain folder of this machine's own file system. SIGKILL spares the page cache, so what lies here after a kill is
 * exactly what the store had handed to write(2): the crash state of a dead process, and of nothing worse.
 */
import { rmSync } from "node:fs";
import type { Image } from "./image.ts";
import { readImage, writeImage } from "./image-files.ts";
import type { Volume } from "./volume.ts";

export class DirectoryVolume implements Volume {
  readonly kind = "directory";
  readonly dir: string;

  /** @param dir an absolute path; the folder must exist. */
  constructor(dir: string) {
    this.dir = dir;
  }

  async image(): Promise<Image> {
    return readImage(this.dir);
  }

  async lay(image: Image): Promise<void> {
    writeImage(this.dir, image);
  }

  async dispose(): Promise<void> {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
