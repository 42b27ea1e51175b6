/**
 * Disk models: what may be left of a disk when the power goes.
 *
 * A store asks for operations; the disk answers at once and does them when it likes. Only a sync makes it wait:
 *
 *     create a   write a   sync a ▷   write a   ▷ done   rename a→b   write b      ╎ the power goes here
 *     └──────── durable ─────────┘   └─ pending ┘       └──── pending ────┘
 *
 * What is *durable* is on the platter. Of what is *pending* some may be, and which of it is where file systems differ.
 * A disk model is an opinion on that: it says which operations are pending at a crash point, into which parts an
 * operation may tear, and which sets of parts it admits as survivors. What did not survive never happened; what did is
 * applied in the order in which it was asked for.
 *
 * The laws (numbered; models, findings and tests cite them). In every model:
 *
 *   L1  A sync makes durable what was written to its file before the sync started, from the moment it ends well.
 *   L2  A sync covers nothing that was written after it started.
 *   L3  Pages that a failed sync should have written are from then on what they were before, or what they should have
 *       become: both readings are lawful, all pages of the disk alike. No later sync covers them, until the store writes
 *       to such a page again, which makes all of that page due.
 *   L4  A name changes as a whole or not at all; a rename changes both its names at once.
 *   L5  Lost bytes leave the last durable ones, or NUL where there were none.
 *
 * Metadata (names and sizes), one of:
 *
 *   L6  Any sync that ends well makes all metadata durable that came before its start.
 *   L7  A name is durable when every folder it touches was synced after it, a size when its file was; nothing else makes
 *       them so. An entry survives only with what earlier stood in its place, and with the folder that holds it.
 *
 * What survives of the pending, one or more of:
 *
 *   L8  All of it: a process dies, the page cache does not.
 *   L9  None of it.
 *   L10 Metadata survives in the order of time, and no write survives without all metadata that came before it.
 *   L11 Writes survive in the order of time, over all files.
 *   L12 No metadata survives without the writes that came before it.
 *   L13 The last surviving write may have arrived in part: cut at a multiple of 512 bytes, or of 4096, in its file.
 *   L14 Writes survive in the order of time within each file; what becomes of one file says nothing of another.
 *   L15 A name moves, or is given, only after all that had been written to its file.
 *   L16 The size that a write brings is pending metadata, and may survive without its bytes, which then read as NUL.
 *   L17 Pages of 4096 bytes survive each on its own, as they were after any one of the writes to them.
 *   L18 Any set of name changes that L7 allows survives; of bytes and sizes, all or none.
 */
import type { Journal, JournalRecord } from "../recording/journal.ts";
import { type DiskOp, isName, type NameOp, nameOf, type ResizeOp, resizeOf, wholeWrite, writeOf } from "./disk-op.ts";
import { StrandedPages } from "./stranded-pages.ts";

export const laws = {
  L1: "a sync makes durable what was written to its file before it started, once it ends well",
  L2: "a sync covers nothing that was written after it started",
  L3: "pages of a failed sync are old or new, and no later sync covers them until they are written again",
  L4: "a name changes as a whole or not at all, a rename both its names at once",
  L5: "lost bytes leave the last durable ones, or NUL",
  L6: "any finished sync makes all earlier metadata durable",
  L7: "a name is durable only when every folder it touches was synced, a size only when its file was",
  L8: "all that was written survives",
  L9: "nothing pending survives",
  L10: "metadata survives in order of time, and no write without the metadata before it",
  L11: "writes survive in order of time over all files",
  L12: "no metadata survives without the writes before it",
  L13: "the last surviving write may be cut at a multiple of 512 or 4096 bytes",
  L14: "writes survive in order of time within each file, independent of other files",
  L15: "a file is renamed only after all that had been written to it",
  L16: "sizes survive without their bytes, which then read as NUL",
  L17: "any subset of 4096-byte pages survives",
  L18: "any lawful subset of name changes survives",
} as const;

export type LawId = keyof typeof laws;

/** A violation under a must-pass model fails a run; a realistic one too, unless the scenario says otherwise. */
export type Grade = "must-pass" | "realistic" | "adversarial";

/** L3 has two: the pages of a failed sync kept their old bytes, or got the new ones. */
export type Reading = "new" | "old";

/** How metadata becomes durable: `any-sync` is L6, `own-sync` is L7. */
export type CommitRule = "any-sync" | "own-sync";

/** Operations in the order of time, torn or whole, and for each whether it survives. */
export interface SurvivorSet {
  readonly ops: readonly DiskOp[];
  readonly kept: readonly boolean[];
}

export interface DiskModel {
  readonly name: string;
  readonly grade: Grade;
  /** What survives, as one sentence that a report can print. */
  readonly summary: string;
  readonly laws: readonly LawId[];
  readonly commits: CommitRule;
  /** A dead process leaves the page cache, where a failed sync changes nothing: one reading. */
  readonly readings: readonly Reading[];
  /** What is not durable when the power goes before record `pointIndex`, in the order of time. */
  pending(journal: Journal, pointIndex: number, reading: Reading): readonly DiskOp[];
  /** The parts of an operation that may survive without each other, in the order in which they are listed in a set. */
  tear(op: DiskOp): readonly DiskOp[];
  admits(set: SurvivorSet): boolean;
}

// ── Durable and pending, by definition ────────────────────────────────────────────────────────────────────────────

export interface Settlement {
  readonly durable: readonly DiskOp[];
  readonly pending: readonly DiskOp[];
}

/**
 * L1–L3, L6, L7 word for word, one record after the other. The sweep in `crash-states.ts` knows the same in constant
 * time a record, and is held against this.
 */
export function settle(
  journal: Pick<Journal, "records">,
  pointIndex: number,
  rule: CommitRule,
  reading: Reading,
): Settlement {
  const ledger = new Ledger(journal, rule, reading);
  journal.records.slice(0, pointIndex).forEach((record, index) => {
    ledger.take(record, index);
  });
  return ledger.settlement();
}

const byIndex = (a: DiskOp, b: DiskOp) => a.index - b.index;

class Ledger {
  readonly #journal: Pick<Journal, "records">;
  readonly #rule: CommitRule;
  readonly #reading: Reading;
  readonly #sizes = new Map<number, number>();
  readonly #stranded = new Map<number, StrandedPages>();
  /** By folder: before which record its names are synced (L7). */
  readonly #foldersSyncedTo = new Map<number, number>();
  #durable: DiskOp[] = [];
  #pending: DiskOp[] = [];

  constructor(journal: Pick<Journal, "records">, rule: CommitRule, reading: Reading) {
    this.#journal = journal;
    this.#rule = rule;
    this.#reading = reading;
  }

  settlement(): Settlement {
    return { durable: this.#durable.sort(byIndex), pending: this.#pending };
  }

  take(record: JournalRecord, index: number): void {
    if (isName(record)) {
      this.#pending.push(nameOf(index, record));
    } else if (record.kind === "write") {
      if (record.length === 0) return;
      this.#sizes.set(record.inode, Math.max(this.#sizeOf(record.inode), record.offset + record.length));
      this.#pending.push(wholeWrite(this.#strandedOf(record.inode).retake(writeOf(index, record))));
    } else if (record.kind === "truncate" || record.kind === "fallocate") {
      const op = resizeOf(index, record, this.#sizeOf(record.inode));
      if (op !== undefined) this.#resize(op);
    } else if (record.kind === "settled") {
      this.#commit(() => true);
    } else if (record.kind === "sync-end") {
      if (record.ok) this.#syncEnded(record.inode, record.start);
      else if (this.#reading === "old") this.#syncFailed(record.inode, record.start);
    }
  }

  #sizeOf(inode: number): number {
    return this.#sizes.get(inode) ?? 0;
  }

  #strandedOf(inode: number): StrandedPages {
    const known = this.#stranded.get(inode);
    if (known !== undefined) return known;
    const stranded = new StrandedPages();
    this.#stranded.set(inode, stranded);
    return stranded;
  }

  #resize(op: ResizeOp): void {
    const size = op.growTo ?? op.cutTo;
    if (size !== undefined) this.#sizes.set(op.inode, size);
    this.#strandedOf(op.inode).resize(op);
    this.#pending.push(op);
  }

  #syncEnded(inode: number, startIndex: number): void {
    if (this.#journal.records[startIndex]?.kind !== "sync-start") {
      throw new Error(`the journal ends a sync that record ${startIndex} did not start`);
    }
    this.#foldersSyncedTo.set(inode, Math.max(startIndex, this.#foldersSyncedTo.get(inode) ?? 0));
    this.#commit((op) => {
      if (op.kind === "name") {
        return this.#rule === "any-sync" ? op.index < startIndex : this.#foldersSynced(op);
      }
      const covered = op.index < startIndex && op.inode === inode;
      return covered || (op.kind !== "write" && op.index < startIndex && this.#rule === "any-sync");
    });
  }

  #foldersSynced(op: NameOp): boolean {
    return op.changes.every(({ slot }) => op.index < (this.#foldersSyncedTo.get(slot.folder) ?? 0));
  }

  #commit(isDurable: (op: DiskOp) => boolean): void {
    const pending: DiskOp[] = [];
    for (const op of this.#pending) (isDurable(op) ? this.#durable : pending).push(op);
    this.#pending = pending;
  }

  #syncFailed(inode: number, startIndex: number): void {
    // Durable resizes too: what they cut off in memory no page holds any more.
    const durableResizes = this.#durable.filter((op) => op.inode === inode && op.kind === "resize");
    const ofFile = [...durableResizes, ...this.#pending.filter((op) => op.inode === inode && op.kind !== "name")];
    const inOrder = ofFile.sort(byIndex).map((op) => (op.kind === "write" ? op.write : (op as ResizeOp)));
    const left = this.#strandedOf(inode).strand(inOrder, startIndex);
    const others = this.#pending.filter((op) => op.inode !== inode || op.kind === "name");
    const stillPending = left.map((op) => ("kind" in op ? op : wholeWrite(op)));
    this.#pending = [...others, ...stillPending.filter((op) => !durableResizes.includes(op))].sort(byIndex);
  }
}
