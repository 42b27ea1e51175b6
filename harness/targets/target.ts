/**
 * The contract of a target: the store under test. It starts instances on volumes; what befalls them is a fault's affair.
 */

import type { Volume, VolumeKind } from "../disk/volume.ts";
import type { Explorable } from "../explore/explorable.ts";
import type { Reply, Request } from "../recording/history.ts";
import type { Endpoint } from "./resp-client.ts";

/** Directives in order, one `[name, …values]` each: several `save` lines are several entries. */
export type Config = readonly (readonly [name: string, ...values: string[]])[];

export type TargetKind = "bundled" | "simulated" | "executable" | "container";

export interface Target {
  /** As the user named it: `bundled`, a path, `docker:IMAGE`, a target file. */
  readonly name: string;
  readonly kind: TargetKind;
  readonly volumes: ReadonlySet<VolumeKind>;
  /** True when it sees only what is mounted for the whole machine, as a container does. */
  readonly needsExposedVolumes?: boolean;
  /** True when the store obeys `LOSSBOUND_KILL_AT`: it dies by its own hand at an exact disk operation. */
  readonly diesAtDiskOperation: boolean;
  /** All commands of a workload that it understands, in upper case; absent: all that its version should. */
  readonly commands?: ReadonlySet<string>;
  /**
   * Name and version as the store itself says, e.g. `redis-server` and `7.0.15`, started on an empty folder.
   * @throws RefusedToStart when it does not understand the config
   */
  identify(config?: Config): Promise<StoreIdentity>;
  /**
   * Resolves when the store serves.
   * @throws RefusedToStart when the process ends before it serves, or does not serve in time.
   */
  start(volume: Volume, config: Config, options?: StartOptions): Promise<Instance>;
  /** Resolves as soon as the process runs, whether it serves or not: to strike while it loads. */
  launch(volume: Volume, config: Config, options?: StartOptions): Promise<Instance>;
  /** Where it is recorded and recovered in a way of its own; absent: as a process on a recorded volume. */
  explorable?(): Explorable;
  /** Ends what it started and what a run that was given up left; processes of this machine are the run folder's affair. */
  close(): Promise<void>;
}

export interface StoreIdentity {
  readonly name: string;
  readonly version: string;
  /** The Redis whose commands it understands: Valkey 8.1 says 7.2.4. */
  readonly redisVersion: string;
  /** Commands that a workload may draw and this store does not know, sorted; it was asked, by COMMAND INFO. */
  readonly unknownCommands: readonly string[];
}

export interface StartOptions {
  /** Handed to the store in addition to the harness's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
  /** How much memory it may have, it and its children together; containers only. Absent: as much as there is. */
  readonly memoryBytesMax?: number;
}

/** `process` leaves the store's children alive, as orphans; `tree` takes them along (S8). */
export type KillScope = "process" | "tree";

export interface Instance {
  /** The pid that a kill goes to; of this machine, also for a container. */
  readonly pid: number;
  /** Resolves once: how the process ended. */
  readonly ended: Promise<Ending>;
  /** The same, at once: undefined while it lives. */
  ending(): Ending | undefined;
  /** Resolves when it answers. @throws RefusedToStart */
  ready(patienceMs?: number): Promise<void>;
  connect(options?: { readonly protocol?: 2 | 3 }): Promise<RespClient>;
  /**
   * SIGKILL. Resolves when the process, or the whole tree, is gone. Orphans stand still from the same moment on, so that
   * the files are what the crash left, until `letOrphansGoOn`.
   */
  kill(scope: KillScope): Promise<void>;
  letOrphansGoOn(): void;
  /** How the last SIGKILL reached it, where there is more than one way: `by its pid` or `by the engine`. */
  readonly killedHow?: string;
  /** It and its children get no more time of the machine, until `goOn`. */
  pause(): Promise<void>;
  goOn(): Promise<void>;
  /** Where memory can be limited: whether the kernel ended it for want of that. */
  ranOutOfMemory?(): Promise<boolean>;
  /** The socket or port that it answers on. */
  readonly endpoint: Endpoint;
  /** SIGTERM, and no waiting. */
  terminate(): void;
  /** An orderly end: SHUTDOWN, or SIGTERM where that is refused; SIGKILL after `patienceMs`. */
  stop(patienceMs?: number): Promise<Ending>;
  /** The pids of its savers: the children that write a snapshot or a rewritten log just now. */
  savers(): readonly number[];
  /** The last lines of the store's own log, at most `count`. */
  lastLogLines(count: number): readonly string[];
  /** Kills what is left of it and removes its config file, log and socket. Its volume stays. */
  dispose(): Promise<void>;
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

/** This machine cannot run that target, or the target cannot do what is asked: exit 3, with what to do about it. */
export class TargetUnavailable extends Error {
  override readonly name = "TargetUnavailable";
}

/** A connection that never re-sends, never queues offline, never reconnects: what left has left, once. */
export interface RespClient {
  /** Resolves with the reply, an error reply too. Rejects when the connection ended first: indeterminate. */
  send(request: Request): Promise<Reply>;
  /** All that `run` sends leaves in one write: pipelining as a client means it. */
  together<T>(run: () => T): T;
  /** Resolves when the connection is gone: from then on no reply can arrive. */
  readonly closed: Promise<void>;
  close(): void;
}
