/** A journal in memory: of a simulated disk, and of tests. Written and read at once. */

import type { Journal, JournalRecord, Kept } from "./journal.ts";
import type { Unstamped } from "./journal-file.ts";
import type { StampNs } from "./stamp.ts";

export class MemoryJournal implements Journal {
  readonly records: JournalRecord[] = [];
  readonly #now: () => StampNs;
  /** Only ever appended to: a view of it stays right when it was replaced by a bigger one. */
  #data = new Uint8Array(4096);
  #length = 0;
  #lastNs = 0;

  /** @param now the time on the recording's timeline; stamps rise strictly even where it does not. */
  constructor(now: () => StampNs) {
    this.#now = now;
  }

  /** Takes bytes for a write that is recorded next. They are copied. */
  keep(bytes: Uint8Array): Kept {
    const dataOffset = this.#length;
    this.#length += bytes.length;
    if (this.#length > this.#data.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#data.length * 2));
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data.set(bytes, dataOffset);
    return { dataOffset, length: bytes.length };
  }

  /** Stamps a record and takes it. Returns its index. */
  record(record: Unstamped): number {
    this.#lastNs = Math.max(this.#now(), this.#lastNs + 1);
    return this.records.push({ ...record, stampNs: this.#lastNs } as JournalRecord) - 1;
  }

  /** Takes the first records of another journal over, with their stamps and bytes. */
  take(journal: Journal, recordCount: number): void {
    for (const record of journal.records.slice(0, recordCount)) {
      this.records.push(record.kind === "write" ? { ...record, ...this.keep(journal.bytes(record)) } : record);
      this.#lastNs = Math.max(this.#lastNs, record.stampNs);
    }
  }

  bytes({ dataOffset, length }: Kept): Uint8Array {
    return this.#data.subarray(dataOffset, dataOffset + length);
  }

  /** Reads kept bytes into `target`. */
  read(dataOffset: number, target: Uint8Array): void {
    target.set(this.#data.subarray(dataOffset, dataOffset + target.length));
  }
}
