/**
 * Propagation: what a command changed, on its way to the log.
 *
 *     SET a 1            a write alone            → SET a 1
 *     EXEC               of two writes            → MULTI  SET a 1  INCR b  EXEC
 *     EXEC               of one write             → INCR b
 *     GET a              meets an expired key     → DEL a
 *     SET a 2            meets an expired key     → MULTI  DEL a  SET a 2  EXEC
 *     SCAN 0             meets two of them        → DEL a  DEL b
 *
 * Entries are collected while the outermost command runs and handed to the log when it is done, so one command, one
 * transaction and one replay is the same thing: all of it or nothing of it.
 */
import type { Args } from "./commands/command.ts";

/** Where entries go. */
export interface EntryLog {
  /** False: nothing is kept, entries need not be made. */
  readonly wanted: boolean;
  append(dbIndex: number, request: Args): void;
}

export interface Entry {
  readonly dbIndex: number;
  readonly request: Args;
}

const MULTI: Args = ["MULTI"];
const EXEC: Args = ["EXEC"];

export class Propagation {
  private readonly log: EntryLog;
  private readonly entries: Entry[] = [];

  constructor(log: EntryLog) {
    this.log = log;
  }

  add(dbIndex: number, request: Args): void {
    if (this.log.wanted) this.entries.push({ dbIndex, request });
  }

  /** A key whose time is over, and is removed unasked. A replay asks no clock: what follows must not meet it there. */
  addExpired(dbIndex: number, request: Args): void {
    this.add(dbIndex, request);
  }

  /**
   * Hands over what was collected, when the outermost command is done. `together`: as one transaction, if it is more
   * than one entry. `apart`: the entries have nothing to do with each other, as keys that expired.
   */
  flush(how: "together" | "apart"): void {
    const { entries } = this;
    if (entries.length <= 1) {
      const only = entries.pop();
      if (only !== undefined) this.log.append(only.dbIndex, only.request);
      return;
    }
    const wrapped = how === "together";
    // MULTI takes the database of the first entry and EXEC that of the last, so no SELECT comes between them and theirs.
    if (wrapped) this.log.append((entries[0] as Entry).dbIndex, MULTI);
    for (const { dbIndex, request } of entries) this.log.append(dbIndex, request);
    if (wrapped) this.log.append((entries.at(-1) as Entry).dbIndex, EXEC);
    entries.length = 0;
  }
}
