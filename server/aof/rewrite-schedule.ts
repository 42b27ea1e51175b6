/**
 * When a rewrite starts by itself: when one was postponed, and when the log has grown beyond what the configuration
 * allows. After three failures in a row both wait, 1, 2, 4 … 60 minutes, so that failing rewrites, each of which leaves
 * an incr file, do not breed files for ever. Who asks for a rewrite by hand is not kept waiting.
 */
import type { Config } from "../config/config.ts";
import type { SaverDesk } from "../saver-desk.ts";
import type { ServerLog } from "../server-log.ts";
import type { Clock } from "../world/world.ts";
import type { Aof } from "./aof.ts";
import type { AofRewrite } from "./aof-rewrite.ts";

const failuresAllowed = 3;
const delayMinutesMax = 60;
const minuteMs = 60_000;

export class RewriteSchedule {
  private readonly aof: Aof;
  private readonly rewrite: AofRewrite;
  private readonly desk: SaverDesk;
  private readonly config: Config;
  private readonly clock: Clock;
  private readonly log: ServerLog;
  private delayMinutes = 0;
  /** No try before this; undefined: the next failure sets it. */
  private notBeforeMs: number | undefined;

  constructor(
    aof: Aof,
    rewrite: AofRewrite,
    desk: SaverDesk,
    config: Config,
    world: { readonly clock: Clock; readonly log: ServerLog },
  ) {
    this.aof = aof;
    this.rewrite = rewrite;
    this.desk = desk;
    this.config = config;
    this.clock = world.clock;
    this.log = world.log;
  }

  /** Starts what was postponed. */
  startScheduled(): void {
    if (!this.rewrite.isScheduled || this.desk.isBusy || this.mustWait()) return;
    this.rewrite.start();
  }

  /** Starts what growth makes due. */
  startDue(): void {
    if (this.aof.state !== "on" || this.desk.isBusy) return;
    const percentage = this.config.get("auto-aof-rewrite-percentage");
    if (percentage === 0 || this.aof.sizeBytes <= this.config.get("auto-aof-rewrite-min-size")) return;
    const growth = Math.trunc((this.aof.sizeBytes * 100) / (this.aof.baseSizeBytes || 1)) - 100;
    if (growth < percentage || this.mustWait()) return;
    this.log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.rewrite.start();
  }

  private mustWait(): boolean {
    if (this.rewrite.consecutiveFailures < failuresAllowed) {
      this.delayMinutes = 0;
      this.notBeforeMs = undefined;
      return false;
    }
    const nowMs = this.clock.monotonicMs();
    if (this.notBeforeMs !== undefined) {
      if (nowMs < this.notBeforeMs) return true;
      this.notBeforeMs = undefined;
      return false;
    }
    this.delayMinutes = Math.min(Math.max(this.delayMinutes * 2, 1), delayMinutesMax);
    this.notBeforeMs = nowMs + this.delayMinutes * minuteMs;
    this.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.delayMinutes} minutes`,
    );
    return true;
  }
}
