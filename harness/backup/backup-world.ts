/**
 * All that a backup asks of the outside: files, a store that answers, a clock, and who else is at work. Nothing of a
 * backup goes round it, so whoever hands in a world of his own can end it at any step, and see what is left:
 *
 *     claim ─ hold ─ wait ─ link ─ release ─┐                            the log, taken whole
 *       └──── save ─────────────────────────┴─ copy ─ sum ─ name ─ prune ─ leave
 *                                                            └ from here on it claims to be complete
 */
import type { Reply, Request } from "../recording/history.ts";

/** In the order in which a backup goes through them; `save` is the snapshot's, `hold` to `release` are the log's. */
export const stages = [
  "claim",
  "save",
  "hold",
  "wait",
  "link",
  "release",
  "copy",
  "sum",
  "name",
  "prune",
  "leave",
] as const;

export type Stage = (typeof stages)[number];

export interface BackupWorld {
  readonly files: BackupFiles;
  readonly store: BackupStore;
  readonly clock: BackupClock;
  /** Names this process for as long as the machine is up. */
  readonly self: string;
  /** Whether the process of that name is still at work. */
  lives(name: string): boolean;
  /** Told when a stage begins: for whoever watches, or breaks it. */
  enters(stage: Stage): void;
}

export interface BackupStore {
  /** @throws Error when the connection ends before the reply is there */
  send(request: Request): Promise<Reply>;
}

export interface BackupClock {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Paths are absolute. Nothing is durable before `sync`: of a file its bytes, of a folder its names. */
export interface BackupFiles {
  /** Names in a folder, sorted; none when there is no such folder. */
  list(dir: string): Promise<readonly string[]>;
  /** Undefined when there is nothing. */
  kindOf(path: string): Promise<"file" | "directory" | undefined>;
  /** A small file, as text; undefined when there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Makes or replaces a small file. */
  writeText(path: string, text: string): Promise<void>;
  /** Makes a small file that nobody has made yet: false when somebody has. */
  claim(path: string, text: string): Promise<boolean>;
  /** @param seen is given every piece that was copied, in order */
  copy(from: string, to: string, seen?: (piece: Uint8Array) => void): Promise<void>;
  /** In hexadecimal. */
  sha256(path: string): Promise<string>;
  /** @throws CannotLink where that file system, or our rights, do not allow it */
  link(from: string, to: string): Promise<void>;
  truncate(path: string, sizeBytes: number): Promise<void>;
  makeDir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file, or a folder and all in it; nothing when there is nothing. */
  remove(path: string): Promise<void>;
  sync(path: string): Promise<void>;
}

export class CannotLink extends Error {
  override readonly name = "CannotLink";
}

/** It was not done, and nothing that claims to be a backup came of it: the reason, and what to do. */
export class BackupFailed extends Error {
  override readonly name = "BackupFailed";
}

/** A backup that is not what its checksums say, or that lacks a part. */
export class BrokenBackup extends Error {
  override readonly name = "BrokenBackup";
}
