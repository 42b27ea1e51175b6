/**
 * The contract of a volume: where an instance keeps its data. Directory, recorded (FUSE), a real file system on a
 * recorded block device, simulated: targets × volumes × faults are chosen apart from each other.
 */
import type { Image } from "./image.ts";

export type VolumeKind = "directory" | "recorded" | "filesystem" | "simulated";

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Volume {
  readonly kind: VolumeKind;
  /** The folder that the store is given; a path of the world the store lives in. */
  readonly dir: string;
  /**
   * The command line that runs `command` where `dir` exists; absent where any process sees it. It ends in exec: the
   * pid that was started is the store's own, and a signal to it reaches the store.
   */
  enter?(command: string, args: readonly string[]): CommandLine;
  image(): Promise<Image>;
  /** Replaces all that is there. */
  lay(image: Image): Promise<void>;
  /** Gives everything back: files, mounts, processes. Never throws for what is gone already. */
  dispose(): Promise<void>;
}

/** This machine has no such volume to give: exit 3, with the reason and what to do about it. */
export class VolumeUnavailable extends Error {
  override readonly name = "VolumeUnavailable";
  readonly reason: string;
  readonly remedy: string;

  constructor(kind: VolumeKind, reason: string, remedy: string) {
    super(`no ${kind} volume here: ${reason}. ${remedy}`);
    this.reason = reason;
    this.remedy = remedy;
  }
}
