/**
 * Snapshots: when dump.rdb is written, by whom, and what follows from how it went.
 *
 *     SAVE       the server writes it itself; nothing else happens meanwhile
 *     BGSAVE     a saver writes the data as it was when the command ran
 *     save 60 1  a BGSAVE, when more than 60 s have passed since the last save and at least 1 change was made
 *
 * Either way a temporary file is made whole and durable first, takes dump.rdb's place at once, and counts as saved when
 * the folder was synced.
 */
import { pathOf } from "./aof/aof-folder.ts";
import { ReplyError } from "./resp/reply.ts";
import type { SaveRun } from "./save-run.ts";
import type { SaverDesk } from "./saver-desk.ts";
import type { Server } from "./server.ts";
import { headOf, rdbForm, type SnapshotForm } from "./snapshot-form.ts";
import { writeWholeSnapshot } from "./whole-snapshot.ts";
import { removeIfThere } from "./world/replace-file.ts";
import { DiskError, type SaverEnding, SaverError } from "./world/world.ts";

/** After a save that failed, the save points wait so long before they try again. */
const retryS = 5;

export class Snapshots {
  protected readonly server: Server;
  protected readonly desk: SaverDesk;
  private readonly libraries: readonly string[];
  /** Wall seconds of the last success; of the server's start until there is one. */
  lastSaveS: number;
  lastStatus: "ok" | "err" = "ok";
  /** How long the last one in the background took; −1 before there was any. */
  lastDurationS = -1;
  /** Saves begun, of every kind. */
  savesCount = 0;
  lastKeptBytes = 0;
  private lastTryS = 0;
  private scheduled = false;
  private dirtyAtStart = 0;

  /** `libraries`: of functions; see persistence.ts. */
  constructor(server: Server, desk: SaverDesk, libraries: readonly string[]) {
    this.server = server;
    this.desk = desk;
    this.libraries = libraries;
    this.lastSaveS = this.nowS;
  }

  get path(): string {
    return pathOf(this.server.config.get("dir"), this.server.config.get("dbfilename"));
  }

  get hasSavePoints(): boolean {
    return this.server.config.get("save").length > 0;
  }

  /** Writes must be refused: the operator wants to know that snapshots fail. */
  get refusesWrites(): boolean {
    return this.lastStatus === "err" && this.hasSavePoints && this.server.config.get("stop-writes-on-bgsave-error");
  }

  // ── SAVE ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @throws ReplyError when a snapshot is being written in the background */
  save(): boolean {
    if (this.desk.isSaving("rdb")) throw new ReplyError("ERR Background save already in progress");
    return this.saveNow();
  }

  /** False: it failed, and the log says why. */
  saveNow(): boolean {
    const delayUs = this.server.config.get("rdb-key-save-delay");
    const saving = this.savingHere();
    let step = saving.next();
    while (step.done !== true) {
      if (delayUs > 0) this.server.world.clock.block(delayUs / 1000);
      step = saving.next();
    }
    return step.value;
  }

  /**
   * Saves step by step, a key each. Nothing may change meanwhile; ended early it leaves everything as it was. Gives false
   * when it failed.
   */
  *savingHere(): Generator<undefined, boolean, undefined> {
    const { world, keyspace, log } = this.server;
    this.savesCount++;
    try {
      const job = this.desk.jobFor("rdb", "rdb", false);
      const file = yield* writeWholeSnapshot(keyspace, this.form(), job, world.disk, world.process.pid);
      this.takePlace(file.path);
      world.disk.syncDir(job.dir);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      // Whoever asked for it is told; `lastStatus` is about what nobody waits for.
      log.warning(`Write error saving DB on disk: ${error.message}`);
      return false;
    }
    log.notice("DB saved on disk");
    this.succeeded(keyspace.dirty);
    return true;
  }

  // ── BGSAVE ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** False: no saver could be started, and the log says why. The point in time is now. */
  startInBackground(): boolean {
    const { keyspace, log } = this.server;
    this.savesCount++;
    this.dirtyAtStart = keyspace.dirty;
    this.lastTryS = this.nowS;
    try {
      const { pid } = this.desk.start("rdb", "rdb", this.form(), (ending, run) => this.ended(ending, run));
      log.notice(`Background saving started by pid ${pid}`);
      return true;
    } catch (error) {
      if (!(error instanceof SaverError)) throw error;
      this.failed(`Can't save in background: fork: ${error.message}`);
      return false;
    }
  }

  /** When nothing else is under way any more. */
  schedule(): void {
    this.scheduled = true;
  }

  /** Ends a snapshot in the background that nobody wants any more. */
  kill(): void {
    if (this.desk.isSaving("rdb")) this.desk.current?.kill();
  }

  /** All keys were just removed: what a saver is still writing down is not worth keeping, and dump.rdb neither. */
  flushedAll(): void {
    this.kill();
    if (this.hasSavePoints) this.saveNow();
  }

  /** Starts a save that is due. */
  tick(): void {
    if (this.desk.isBusy) return;
    if (this.scheduled && this.mayTry) {
      this.scheduled = !this.startInBackground();
      return;
    }
    const { dirty } = this.server.keyspace;
    const sinceS = this.nowS - this.lastSaveS;
    const due = this.server.config.get("save").find(({ seconds, changes }) => dirty >= changes && sinceS > seconds);
    if (due === undefined || !this.mayTry) return;
    this.server.log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`);
    this.startInBackground();
  }

  private ended(ending: SaverEnding, run: SaveRun): Promise<void> | undefined {
    this.lastKeptBytes = run.keptBytes;
    this.lastDurationS = Math.floor((this.server.world.clock.monotonicMs() - run.startedMs) / 1000);
    switch (ending.kind) {
      case "saved":
        return this.publishInBackground(ending.path);
      case "failed":
        this.failed(`Background saving error: ${ending.why}`);
        return undefined;
      case "killed":
        // On purpose is no failure.
        if (ending.signal === "SIGUSR1") this.server.log.warning("Background saving terminated by signal SIGUSR1");
        else this.failed(`Background saving terminated by signal ${ending.signal}`);
        return undefined;
    }
  }

  /** Nobody waits for the folder's sync, but only then it counts as saved. */
  protected async publishInBackground(temp: string): Promise<void> {
    const { disk } = this.server.world;
    const savesBefore = this.savesCount;
    try {
      this.takePlace(temp);
      await disk.syncDirInBackground(this.server.config.get("dir"));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.failed(`Background saving error: ${error.message}`);
      return;
    }
    this.server.log.notice("Background saving terminated with success");
    // A FLUSHALL that came meanwhile has saved, and counts, for itself.
    if (this.savesCount === savesBefore) this.succeeded(this.dirtyAtStart);
  }

  // ── Both ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @throws DiskError; no temporary file is left then */
  private takePlace(temp: string): void {
    const { disk } = this.server.world;
    try {
      disk.rename(temp, this.path);
    } catch (error) {
      removeIfThere(disk, temp);
      throw error;
    }
  }

  private succeeded(savedChanges: number): void {
    this.server.keyspace.dirty -= savedChanges;
    this.lastSaveS = this.nowS;
    this.lastStatus = "ok";
  }

  private failed(why: string): void {
    this.server.log.warning(why);
    this.lastStatus = "err";
  }

  private form(): SnapshotForm {
    const { world, keyspace, log } = this.server;
    const head = headOf(keyspace, { clock: world.clock, process: world.process, log }, { aofBase: false });
    return rdbForm(head, this.libraries);
  }

  private get mayTry(): boolean {
    return this.lastStatus === "ok" || this.nowS - this.lastTryS > retryS;
  }

  private get nowS(): number {
    return Math.floor(this.server.world.clock.wallMs() / 1000);
  }
}
