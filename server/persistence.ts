/**
 * What a turn asks of persistence. The moments, in the order in which a turn meets them:
 *
 *     request ─ refusal() ─ execute ─ append(…) ─ … end of turn ─ flush() ─ replies leave
 *     cron    ─ tick() ─ expired keys: append(…) ─ end of turn ─ flush()
 *     start   ─ recover()                    stop ─ prepareStop(…)
 */
import type { Args } from "./commands/command.ts";
import type { EntryLog } from "./propagation.ts";
import type { ReplyError } from "./resp/reply.ts";
import type { Server } from "./server.ts";

/** How a server is told to end. */
export interface StopOrder {
  /** SAVE, NOSAVE, or as the save points say. */
  readonly save: "yes" | "no" | "as configured";
  /** End even where something could not be saved. */
  readonly force: boolean;
}

export interface PersistenceSteps extends EntryLog {
  /** The log's position behind the last entry appended; grows. A sync makes all up to some position durable. */
  readonly position: number;
  /** Loads what the folder holds, and opens the log. `server.loading` is set meanwhile. */
  recover(): Promise<void>;
  /** Why write commands are refused at this moment; undefined while they are not. */
  refusal(): ReplyError | undefined;
  /** Writes what was appended; under `appendfsync always` it is also synced when this returns. */
  flush(): void;
  /** Save points, the automatic rewrite, what was postponed. */
  tick(): void;
  /** All keys of all databases were just removed by FLUSHALL. */
  flushedAll(): void;
  /** Writes, syncs and saves what the order asks for. Undefined: the process may end; else why it must not. */
  prepareStop(order: StopOrder): string | undefined;
  /** The fields of INFO's section `persistence`, in order. */
  info(): readonly (readonly [name: string, value: string | number])[];
}

/** Keeps nothing: a server in memory alone. */
export class Persistence implements PersistenceSteps {
  readonly wanted: boolean = false;
  readonly position: number = 0;
  protected readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  async recover(): Promise<void> {
    await Promise.resolve();
  }

  append(_dbIndex: number, _request: Args): void {
    // In memory alone nothing is logged.
  }

  refusal(): ReplyError | undefined {
    return undefined;
  }

  flush(): void {
    // Nothing was appended.
  }

  tick(): void {
    // Nothing is due.
  }

  flushedAll(): void {
    // Nothing was saved.
  }

  prepareStop(_order: StopOrder): string | undefined {
    return undefined;
  }

  info(): readonly (readonly [string, string | number])[] {
    return [
      ["loading", 0],
      ["rdb_changes_since_last_save", this.server.keyspace.dirty],
    ];
  }
}
