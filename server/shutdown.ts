/**
 * The end of a server: SHUTDOWN, SIGTERM, SIGINT.
 *
 *     signal ── next cron tick ──┐
 *     SHUTDOWN ──────────────────┴─► clients wait ─ log written and synced ─ snapshot ─► exit 0
 *                                          └──────── something failed ────────► clients go on, an error
 *
 * From the moment it begins nothing else is executed, so what is saved at the end is what the last client was told. A
 * second SIGINT does not wait for the end: it leaves at once, and takes the temporary file with it.
 */
import type { Loading } from "./loading.ts";
import type { StopOrder } from "./persistence.ts";
import { saverNames } from "./saver.ts";
import type { Server } from "./server.ts";
import { removeIfThere } from "./world/replace-file.ts";

/** So many keys are saved between two looks at what has arrived. */
const keysPerTurn = 1024;

/** As long as a timer can wait. */
const untilItEndsMs = 2 ** 31 - 1;

export type Signal = "SIGTERM" | "SIGINT";

export class Shutdown {
  private readonly server: Server;
  /** Wanted by a signal, at the next tick. */
  private wantedBy: Signal | undefined;
  private stopping: Loading<string | undefined> | undefined;
  private failed: (() => void)[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  get isUnderWay(): boolean {
    return this.stopping !== undefined;
  }

  /** Ends the process, at once or on a later turn; or calls `failed`, and the server goes on. */
  begin(order: StopOrder, failed: () => void = () => undefined): void {
    this.failed.push(failed);
    if (this.isUnderWay) return;
    const { server } = this;
    server.log.warning("User requested shutdown...");
    server.cron.stop();
    server.pause.begin("all", untilItEndsMs);
    // Half-read data is never saved.
    this.stopping = server.persistence.preparingStop(server.loading ? { ...order, save: "no" } : order);
    this.goOn();
  }

  /** SHUTDOWN ABORT. False: there is nothing to abort. */
  abort(): boolean {
    if (this.wantedBy === undefined && !this.isUnderWay) return false;
    this.server.log.notice("Shutdown manually aborted.");
    this.stopping?.return(undefined);
    this.cancel();
    return true;
  }

  received(signal: Signal): void {
    const { server } = this;
    if (this.wantedBy !== undefined && signal === "SIGINT") {
      server.log.warning("You insist... exiting now.");
      this.removeTemporaryFile();
      server.world.process.exit(1);
    }
    if (server.loading) {
      server.log.warning("Received shutdown signal during loading, exiting now.");
      server.world.process.exit(0);
    }
    server.log.warning(`Received ${signal} scheduling shutdown...`);
    this.wantedBy = signal;
  }

  /** Every tick of the cron: a signal is heard here. */
  tick(): void {
    if (this.wantedBy === undefined || this.isUnderWay) return;
    const words: readonly string[] = this.server.config.get(
      this.wantedBy === "SIGINT" ? "shutdown-on-sigint" : "shutdown-on-sigterm",
    );
    const save = words.includes("save") ? "yes" : words.includes("nosave") ? "no" : "as configured";
    this.begin({ save, force: words.includes("force") });
  }

  private goOn(): void {
    const { stopping, server } = this;
    if (stopping === undefined) return;
    const delayUs = server.config.get("rdb-key-save-delay");
    const keysMax = delayUs > 0 ? 1 : keysPerTurn;
    for (let keys = 0; keys < keysMax; keys++) {
      const step = stopping.next();
      if (step.done !== true) continue;
      if (step.value === undefined) this.leave();
      server.log.warning(step.value);
      server.log.warning("Errors trying to shut down the server. Check the logs for more information.");
      this.cancel();
      return;
    }
    if (delayUs > 0) server.world.clock.after(delayUs / 1000, () => this.goOn());
    else server.world.clock.endOfTurn(() => this.goOn());
  }

  private leave(): never {
    const { server } = this;
    server.leaveNoTrace();
    server.log.warning("Redis is now ready to exit, bye bye...");
    return server.world.process.exit(0);
  }

  private cancel(): void {
    const { failed, server } = this;
    this.stopping = undefined;
    this.wantedBy = undefined;
    this.failed = [];
    server.pause.end();
    server.cron.start();
    for (const tell of failed) tell();
  }

  private removeTemporaryFile(): void {
    const { config, world } = this.server;
    removeIfThere(world.disk, saverNames({ kind: "rdb", dir: config.get("dir") }, world.process.pid).atWork);
  }
}
