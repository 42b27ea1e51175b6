/**
 * The contract of a target: the store under test. It starts instances on volumes; what befalls them is a fault's affair.
 */
import type { Volume, VolumeKind } from "../disk/volume.ts";
import type { Reply, Request } from "../recording/history.ts";

/** Directives in order, one `[name, …values]` each: several `save` lines are several entries. */
export type Config = readonly (readonly [name: string, ...values: string[]])[];

export interface Target {
  readonly name: string;
  readonly volumes: ReadonlySet<VolumeKind>;
  /** Name and version as the store itself says, e.g. `redis-server 7.0.15`. */
  identify(): Promise<{ readonly name: string; readonly version: string }>;
  /** @throws RefusedToStart when the process ends before it serves. */
  start(volume: Volume, config: Config): Promise<Instance>;
}

export interface Instance {
  /** The pid that a kill goes to; of this machine, also for a container. */
  readonly pid: number;
  connect(): Promise<RespClient>;
  /** SIGKILL, to the process alone or with all its children (S8). Resolves when they are gone. */
  kill(scope: "process" | "tree"): Promise<void>;
  /** SIGTERM, then SIGKILL after `patienceMs`. */
  stop(patienceMs?: number): Promise<void>;
  readonly ended: Promise<Ending>;
  log(): string;
}

export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export class RefusedToStart extends Error {
  override readonly name = "RefusedToStart";
  readonly ending: Ending;
  readonly lastLogLines: readonly string[];

  constructor(ending: Ending, lastLogLines: readonly string[]) {
    super(`the store did not start: ${lastLogLines.at(-1) ?? "no log line"}`);
    this.ending = ending;
    this.lastLogLines = lastLogLines;
  }
}

/** A connection that never re-sends, never queues offline, never reconnects: what left has left, once. */
export interface RespClient {
  /** Resolves with the reply, an error reply too. Rejects when the connection ended first: indeterminate. */
  send(request: Request): Promise<Reply>;
  close(): void;
}
