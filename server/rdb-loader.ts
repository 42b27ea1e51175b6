/**
 * Loads the keys of an RDB, a snapshot or the base of a log, into a server (see rdb/rdb-load.ts for the rules).
 *
 *     dump.rdb          what expired meanwhile is dropped
 *     base of a log     it is kept: the log behind it was written for a keyspace that held it
 */
import { type ByteSource, BytesIn } from "./codec/bytes-in.ts";
import { delayKey, type Loading, type LoadProgress } from "./loading.ts";
import { RdbLoad, type RdbLoadOptions } from "./rdb/rdb-load.ts";
import type { Server } from "./server.ts";
import type { Value } from "./types/value.ts";

export interface RdbLoadOrder {
  readonly isBaseOfLog: boolean;
  /** What to do with a key that is there already. */
  readonly duplicates: RdbLoadOptions["duplicates"];
  readonly progress: LoadProgress;
  /** Libraries of functions are not run here, but kept, and written back. */
  keepLibrary(source: string): void;
}

/** Returns where the RDB ends. @throws DamagedFile */
export function* loadRdb(server: Server, source: ByteSource, order: RdbLoadOrder): Loading<number> {
  const { config, keyspace, world, encodingLimits, log } = server;
  const { progress } = order;
  keyspace.nowMs = world.clock.wallMs();
  const input = new BytesIn(source, source.path);
  const load = new DelayedLoad(server, {
    limits: encodingLimits,
    checksum: config.get("rdbchecksum"),
    pauseBytes: config.get("loading-process-events-interval-bytes"),
    keepExpired: order.isBaseOfLog,
    duplicates: order.duplicates,
    log,
  });
  const loadedBefore = progress.loadedBytes;
  const report = () => {
    progress.loadedBytes = loadedBefore + input.offset;
    progress.keysLoaded = load.keysLoaded;
    progress.keysExpired = load.keysExpired;
  };
  const running = load.run(input);
  for (let step = running.next(); step.done !== true; step = running.next()) {
    report();
    yield;
  }
  report();
  for (const source of load.functions) order.keepLibrary(source);
  return input.offset;
}

class DelayedLoad extends RdbLoad {
  private readonly server: Server;

  constructor(server: Server, options: RdbLoadOptions) {
    super(server.keyspace, options);
    this.server = server;
  }

  override key(key: string, value: Value, deadlineMs: number, offset: number): void {
    super.key(key, value, deadlineMs, offset);
    delayKey(this.server);
  }
}
