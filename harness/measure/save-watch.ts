/**
 * Which snapshots were begun, and which are complete: all that a store without a log promises hangs on it (O8).
 *
 *     INFO   asked ──── asked ─────── asked ──── asked
 *            0 begun    0 begun  ▮▮▮▮▮1 begun▮▮▮ 1 begun, none in progress, the last one ok
 *                       └ startedNs: surely not begun yet     └ completedNs: surely safe by now
 *
 * Both ends are taken where they promise least.
 */
import type { Save } from "../oracle/evidence.ts";
import type { StampClock, StampNs } from "../recording/stamp.ts";
import { readInfo } from "../targets/identity.ts";
import type { RespClient } from "../targets/target.ts";

const betweenQuestionsMs = 3;

export class SaveWatch {
  private readonly client: RespClient;
  private readonly clock: StampClock;
  private readonly found: { startedNs: StampNs; completedNs?: StampNs }[] = [];
  private stopped = false;
  private before: Seen = { askedNs: 0, saving: false, begun: undefined, status: undefined };
  private readonly watching: Promise<void>;

  /** Watches until `stop`, or until the store is gone. */
  constructor(client: RespClient, clock: StampClock) {
    this.client = client;
    this.clock = clock;
    this.watching = this.watch();
  }

  /** Every save that was seen, in order. */
  async stop(): Promise<readonly Save[]> {
    this.stopped = true;
    // An orphan of a dead store may keep the connection open, and then no answer ever comes.
    this.client.close();
    await this.watching;
    return this.found;
  }

  private async watch(): Promise<void> {
    while (!this.stopped) {
      const askedNs = this.clock.now();
      let fields: ReadonlyMap<string, string>;
      try {
        fields = await readInfo(this.client, "persistence");
      } catch (error) {
        // The store is gone, and with it every later save.
        if (error instanceof Error) return;
        throw error;
      }
      this.learn({
        askedNs,
        saving: fields.get("rdb_bgsave_in_progress") === "1",
        begun: fields.has("rdb_saves") ? Number(fields.get("rdb_saves")) : undefined,
        status: fields.get("rdb_last_bgsave_status"),
      });
      await new Promise((resolve) => setTimeout(resolve, betweenQuestionsMs));
    }
  }

  private learn(now: Seen): void {
    const { before } = this;
    // Redis 6 does not count them: one that begins and ends between two questions is missed, and promises nothing.
    const hasBegun =
      now.begun === undefined || before.begun === undefined ? now.saving && !before.saving : now.begun > before.begun;
    const ok = now.status === "ok";
    // The status is that of the last one that ended: of the one seen before, unless another came and went since.
    const lastEnded = before.saving && now.saving === hasBegun;
    const last = this.found.at(-1);
    if (lastEnded && ok && last !== undefined) last.completedNs = this.clock.now();
    if (hasBegun) {
      const endedToo = !now.saving && ok;
      this.found.push({ startedNs: before.askedNs, ...(endedToo && { completedNs: this.clock.now() }) });
    }
    this.before = now;
  }
}

interface Seen {
  readonly askedNs: StampNs;
  readonly saving: boolean;
  /** How many saves were begun since the store started; undefined where it does not count. */
  readonly begun: number | undefined;
  /** How the last save that ended went. */
  readonly status: string | undefined;
}
