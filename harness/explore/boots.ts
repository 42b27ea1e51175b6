/**
 * Boots: the real store, started on one crash state after the other. A place for each job, with a data folder that stays;
 * in memory where this machine has a file system there, because a crash state needs to outlive nothing.
 *
 *     place 1   lay ─ start ─ read back ─ kill │ lay ─ start ─ …
 *     place 2   lay ─ start ─ refused          │ lay ─ …
 */
import { accessSync, constants, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Image } from "../disk/image.ts";
import type { Volume } from "../disk/volume.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";
import { recover } from "../recover/recover.ts";
import { RunFolder } from "../run-folder.ts";
import { sweep } from "../sweep.ts";
import type { Config, Target } from "../targets/target.ts";
import { openTarget } from "../targets/targets.ts";
import type { Recoverer } from "./explorable.ts";

const memoryFolder = "/dev/shm";
/** Of statfs(2). */
const tmpfsType = 0x01021994;
const freeBytesMin = 512 << 20;

export class Boots implements Recoverer {
  private readonly run: RunFolder;
  private readonly target: Target;
  private readonly config: Config;
  private readonly idle: Volume[];
  private readonly waiting: ((place: Volume) => void)[] = [];

  private constructor(run: RunFolder, target: Target, config: Config, places: Volume[]) {
    this.run = run;
    this.target = target;
    this.config = config;
    this.idle = places;
  }

  /** @throws TargetUnavailable */
  static async prepare(targetName: string, config: Config, jobs: number): Promise<Boots> {
    const parent = inMemory() ? memoryFolder : tmpdir();
    await sweep(parent);
    const run = new RunFolder(parent);
    try {
      const target = await openTarget(targetName, run);
      const places = Array.from({ length: jobs }, () => run.newVolume());
      return new Boots(run, target, config, places);
    } catch (error) {
      await run.dispose();
      throw error;
    }
  }

  /** Of this recoverer alone, in memory where that can be had. */
  get dir(): string {
    return this.run.dir;
  }

  async recover(image: Image, starts: 1 | 2): Promise<RecoveryFacts> {
    const place = this.idle.pop() ?? (await new Promise<Volume>((resolve) => this.waiting.push(resolve)));
    try {
      await place.lay(image);
      return await recover(this.target, place, this.config, starts);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(place);
      else next(place);
    }
  }

  async close(): Promise<void> {
    this.run.giveUp();
    await this.target.close();
    await this.run.dispose();
  }
}

function inMemory(): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(memoryFolder);
    accessSync(memoryFolder, constants.W_OK);
    return type === tmpfsType && bavail * bsize > freeBytesMin;
  } catch {
    // There is no such folder, or it is not ours: the ordinary disk does as well, only slower.
    return false;
  }
}
