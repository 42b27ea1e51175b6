/**
 * The contract of whoever starts processes for a target: the harness itself, or a process of its own that is small
 * (`launcher.ts`). A process is started in a session of its own, and writes its log itself.
 */
import type { Ending } from "./target.ts";

export interface SpawnOrder {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Both outputs go there, appended. The store must not notice when the harness dies. */
  readonly logFile: string;
  /** In addition to the harness's own. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Spawned {
  readonly pid: number;
  /** Resolves once. */
  readonly ended: Promise<Ending>;
}

/** @throws NotStarted */
export type Spawn = (order: SpawnOrder) => Promise<Spawned>;

/** There is no such executable, or it may not be run. */
export class NotStarted extends Error {
  override readonly name = "NotStarted";
}
