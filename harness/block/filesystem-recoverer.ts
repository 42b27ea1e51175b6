/** Starts a store on what a real file system makes of its disk after a power cut. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { Image } from "../disk/image.ts";
import type { Boots } from "../explore/boots.ts";
import type { Recoverer } from "../explore/explorable.ts";
import { windowsIn } from "../faults/windows.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import type { Filesystem } from "./filesystems.ts";
import { MountedImages, NotMountable } from "./mounted-images.ts";

export class FilesystemRecoverer implements Recoverer {
  readonly #boots: Boots;
  readonly #folder: string;
  readonly #images: MountedImages;

  /** @param boots is closed with this. */
  constructor(filesystem: Filesystem, boots: Boots) {
    this.#boots = boots;
    this.#folder = path.join(boots.dir, "disks");
    mkdirSync(this.#folder);
    this.#images = new MountedImages(filesystem, this.#folder);
  }

  async recover(disk: Image, starts: 1 | 2): Promise<RecoveryFacts> {
    try {
      const files = await this.#images.filesIn(disk);
      return { ...(await this.#boots.recover(files, starts)), windows: windowsIn(files) };
    } catch (error) {
      if (!(error instanceof NotMountable)) throw error;
      return { starts: [{ kind: "refused", exitCode: null, lastLogLines: [error.message] }] };
    }
  }

  async close(): Promise<void> {
    await this.#images.close();
    rmSync(this.#folder, { recursive: true });
    await this.#boots.close();
  }
}
