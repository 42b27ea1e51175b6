/**
 * A frozen view: all keys as they are at one moment, written down while the server goes on changing them.
 *
 *     epoch 7 ── freeze ── epoch 8
 *     slot        0     1     2     3     4     5
 *     version     7     8     7     5     8     7        older than 8: not written yet
 *                             ▲     └─── written ───┘    the walk comes down from the last slot
 *                             a change of slot 2 asks `keep` first: what it held is written before it changes
 *
 * New keys carry the new epoch and are passed over. Nothing is copied ahead, so the view costs memory only for what is
 * changed before the walk arrives:
 *
 *     a string, which never changes itself      stays as it is, in a queue
 *     a small collection                        is written at once
 *     a large collection                        is frozen (see data-type.ts), and written slice by slice
 *
 * The view outlives FLUSHALL and SWAPDB, because it walks tables and not databases. Old keys are the last to be reached:
 * what was just added is more likely to be changed or deleted soon.
 */
import { SegmentBytes } from "../codec/segments.ts";
import type { SnapshotForm } from "../snapshot-form.ts";
import { type FrozenValue, itemsPerSlice } from "../types/data-type.ts";
import { dataTypeOf } from "../types/data-types.ts";
import type { Value } from "../types/value.ts";
import type { Keyspace, SlotKeeper } from "./keyspace.ts";
import type { SlotTable } from "./slot-table.ts";

/** What a step may do, in bytes written. Half a millisecond or so. */
const stepBytes = 256 * 1024;
/** A slot that is visited, or an item of a large value, costs as much time as so many bytes. */
const slotBytes = 32;
/** Kept values are handed on when there are so many of them. */
const keptBytesMax = 64 * 1024;

interface FrozenTable {
  readonly table: SlotTable;
  readonly index: number;
  readonly keyCount: number;
  readonly expiresCount: number;
}

/** What was kept of a slot, to be written by a later step. */
interface KeptKey {
  readonly of: FrozenTable;
  readonly key: string;
  readonly value: { readonly string: Value } | { readonly frozen: FrozenValue };
  readonly deadlineMs: number;
}

/** Segments, and the database that their last key belongs to. */
class Output {
  readonly bytes: SegmentBytes;
  private readonly form: SnapshotForm;
  private database: FrozenTable | undefined;

  constructor(form: SnapshotForm, compress: boolean) {
    this.form = form;
    this.bytes = new SegmentBytes(compress);
  }

  select(of: FrozenTable): void {
    if (this.database === of) return;
    this.database = of;
    this.form.database(this.bytes, of.index, of.keyCount, of.expiresCount);
  }

  /** What was written elsewhere comes in between: the database must be named again. */
  forgetDatabase(): void {
    this.database = undefined;
  }
}

export class FrozenView implements SlotKeeper {
  readonly totalKeys: number;
  /** Keys that were written, or kept. */
  processedKeys = 0;
  /** What the view holds, or has held, because it was changed under it. */
  keptBytes = 0;
  private readonly keyspace: Keyspace;
  private readonly form: SnapshotForm;
  private readonly epoch: number;
  private readonly frozen: readonly FrozenTable[];
  private readonly byTable: ReadonlyMap<SlotTable, FrozenTable>;
  private readonly out: Output;
  /** Small collections that were changed: written apart, because `out` may be in the middle of a large one. */
  private readonly kept: Output;
  private queue: KeptKey[] = [];
  private pieces: Buffer[] = [];
  /** The walk: which table, and the slot that was visited last. */
  private tableAt = 0;
  private slot: number;
  /** The large value under way. */
  private slices: Generator<undefined, void, undefined> | undefined;
  private largeValue: FrozenValue | undefined;
  private ended = false;

  constructor(keyspace: Keyspace, form: SnapshotForm, compress: boolean) {
    this.keyspace = keyspace;
    this.form = form;
    this.frozen = keyspace.databases
      .filter((db) => db.size > 0)
      .map(({ table, index }) => ({ table, index, keyCount: table.size, expiresCount: table.expiresCount }));
    this.byTable = new Map(this.frozen.map((frozen) => [frozen.table, frozen]));
    this.totalKeys = this.frozen.reduce((sum, { keyCount }) => sum + keyCount, 0);
    this.slot = this.frozen[0]?.table.end ?? 0;
    this.out = new Output(form, compress);
    this.kept = new Output(form, compress);
    this.epoch = ++keyspace.epoch;
    keyspace.keeper = this;
    form.begin(this.out.bytes);
  }

  /** Before a slot is changed that was not written yet. */
  keep(table: SlotTable, slot: number): void {
    const of = this.byTable.get(table);
    // Of a table that came after the freeze nothing is wanted.
    if (of === undefined) return;
    const key = table.keys[slot] as string;
    const value = table.values[slot] as Value;
    const deadlineMs = table.deadlines.at(slot);
    this.processedKeys++;
    if (typeof value !== "object") {
      this.queue.push({ of, key, value: { string: value }, deadlineMs });
      this.keptBytes += key.length + (typeof value === "string" ? value.length : 8);
    } else if (dataTypeOf(value).itemCount(value) > itemsPerSlice) {
      this.queue.push({ of, key, value: { frozen: dataTypeOf(value).freeze(value) }, deadlineMs });
      this.keptBytes += key.length;
    } else {
      const before = this.kept.bytes.size;
      this.kept.select(of);
      this.form.key(this.kept.bytes, key, value, deadlineMs);
      this.keptBytes += this.kept.bytes.size - before;
    }
  }

  /**
   * Writes on, for a bounded time and up to `keysMax` keys. False: everything is written, the end included. Afterwards
   * `takePieces` has what there is.
   */
  step(keysMax = Number.POSITIVE_INFINITY): boolean {
    if (this.ended) return false;
    let workBytes = 0;
    const keysEnd = this.processedKeys + keysMax;
    while (workBytes < stepBytes && this.processedKeys < keysEnd) {
      const before = this.out.bytes.size;
      const visited = this.slices === undefined ? 1 : itemsPerSlice;
      if (!this.writeSome()) {
        this.finish();
        return false;
      }
      workBytes += visited * slotBytes + this.out.bytes.size - before;
      if (this.out.bytes.size >= stepBytes) this.pieces.push(this.out.bytes.take());
    }
    return true;
  }

  takePieces(): Buffer[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  /** The memory of a piece may be used again. */
  giveBack(piece: Buffer): void {
    this.out.bytes.giveBack(piece);
  }

  /** Gives the view up, finished or not. */
  release(): void {
    if (this.ended) return;
    this.ended = true;
    this.keyspace.keeper = undefined;
    this.largeValue?.release();
    for (const { value } of this.queue) if ("frozen" in value) value.frozen.release();
    this.queue = [];
  }

  /** A slice, a kept key or a slot. False when there is nothing left. */
  private writeSome(): boolean {
    if (this.slices !== undefined) {
      if (this.slices.next().done === true) this.slices = this.largeValue = undefined;
      return true;
    }
    if (this.kept.bytes.size > keptBytesMax) this.takeKept();
    const queued = this.queue.pop();
    if (queued !== undefined) {
      this.writeQueued(queued);
      return true;
    }
    return this.writeNextSlot();
  }

  private writeQueued({ of, key, value, deadlineMs }: KeptKey): void {
    this.out.select(of);
    if ("frozen" in value) this.beginSlices(key, value.frozen, deadlineMs);
    else this.form.key(this.out.bytes, key, value.string, deadlineMs);
  }

  private writeNextSlot(): boolean {
    const of = this.frozen[this.tableAt];
    if (of === undefined) return false;
    const { table } = of;
    // A table that was emptied meanwhile has forgotten its slots.
    this.slot = Math.min(this.slot, table.end) - 1;
    if (this.slot < 0) {
      this.tableAt++;
      this.slot = this.frozen[this.tableAt]?.table.end ?? 0;
      return true;
    }
    const key = table.keys[this.slot];
    if (key === undefined || table.versions.at(this.slot) === this.epoch) return true;
    table.versions.put(this.slot, this.epoch);
    const value = table.values[this.slot] as Value;
    const deadlineMs = table.deadlines.at(this.slot);
    this.processedKeys++;
    this.out.select(of);
    if (typeof value === "object" && dataTypeOf(value).itemCount(value) > itemsPerSlice) {
      this.beginSlices(key, dataTypeOf(value).freeze(value), deadlineMs);
    } else {
      this.form.key(this.out.bytes, key, value, deadlineMs);
    }
    return true;
  }

  private beginSlices(key: string, value: FrozenValue, deadlineMs: number): void {
    this.largeValue = value;
    this.slices = this.form.frozenKey(this.out.bytes, key, value, deadlineMs);
  }

  private takeKept(): void {
    this.pieces.push(this.out.bytes.take(), this.kept.bytes.take());
    this.out.forgetDatabase();
    this.kept.forgetDatabase();
  }

  private finish(): void {
    this.takeKept();
    this.form.end(this.out.bytes);
    this.out.bytes.end();
    this.pieces.push(this.out.bytes.take());
    this.release();
  }
}
