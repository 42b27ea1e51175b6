/**
 * The desk of the one saver that a server may have at a time, be it for a snapshot or for a rewrite.
 */
import type { Config } from "./config/config.ts";
import { FrozenView } from "./keyspace/frozen-view.ts";
import type { Keyspace } from "./keyspace/keyspace.ts";
import { SaveRun } from "./save-run.ts";
import type { SnapshotForm } from "./snapshot-form.ts";
import type { Statistics } from "./statistics.ts";
import type { SaveJob, SaverEnding, World } from "./world/world.ts";

/** A saver syncs its file every so many bytes where that is wanted. */
const syncEveryBytes = 4 * 1024 * 1024;

export class SaverDesk {
  private readonly world: World;
  private readonly config: Config;
  private readonly keyspace: Keyspace;
  private readonly statistics: Statistics;
  private run: SaveRun | undefined;

  constructor(world: World, config: Config, keyspace: Keyspace, statistics: Statistics) {
    this.world = world;
    this.config = config;
    this.keyspace = keyspace;
    this.statistics = statistics;
  }

  /** The run under way. */
  get current(): SaveRun | undefined {
    return this.run;
  }

  get isBusy(): boolean {
    return this.run !== undefined;
  }

  isSaving(kind: SaveJob["kind"]): boolean {
    return this.run?.job.kind === kind;
  }

  /**
   * Freezes the data as it is now and starts a saver on it. `ended` does what follows from how it went; the desk is free
   * when that is done.
   * @throws SaverError
   */
  start(
    kind: SaveJob["kind"],
    format: SaveJob["format"],
    form: SnapshotForm,
    ended: (ending: SaverEnding, run: SaveRun) => Promise<void> | undefined,
  ): SaveRun {
    const beganMs = this.world.clock.monotonicMs();
    const job = this.jobFor(kind, format, true);
    const view = new FrozenView(this.keyspace, form, job.compress);
    try {
      const run: SaveRun = new SaveRun(
        this.world,
        job,
        view,
        { keyDelayUs: this.config.get("rdb-key-save-delay") },
        (ending) => {
          const rest = ended(ending, run);
          if (rest === undefined) this.run = undefined;
          else void rest.then(() => (this.run = undefined));
        },
      );
      this.run = run;
      this.statistics.forks++;
      this.statistics.latestForkUs = Math.round((this.world.clock.monotonicMs() - beganMs) * 1000);
      return run;
    } catch (error) {
      view.release();
      throw error;
    }
  }

  /** The server is, or is about to be, so large that starting a process would stop it. */
  prepare(): void {
    const savesByItself = this.config.get("appendonly") || this.config.get("save").length > 0;
    if (savesByItself && !this.isBusy) this.world.savers.prepare();
  }

  jobFor(kind: SaveJob["kind"], format: SaveJob["format"], inBackground: boolean): SaveJob {
    const { config } = this;
    const incremental = config.get(kind === "rdb" ? "rdb-save-incremental-fsync" : "aof-rewrite-incremental-fsync");
    return {
      kind,
      format,
      dir: config.get("dir"),
      compress: format === "rdb" && config.get("rdbcompression"),
      checksum: config.get("rdbchecksum"),
      syncEveryBytes: inBackground && incremental ? syncEveryBytes : 0,
    };
  }
}
