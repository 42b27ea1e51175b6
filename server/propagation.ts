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

const MULTI: Args = ["MULTI"];
const EXEC: Args = ["EXEC"];

export class Propagation {
  private readonly log: EntryLog;
  /** What was collected, and of which database each is: one entry is the rule, and takes no memory. */
  private readonly requests: Args[] = [];
  private readonly dbIndexes: number[] = [];

  constructor(log: EntryLog) {
    this.log = log;
  }

  add(dbIndex: number, request: Args): void {
    if (!this.log.wanted) return;
    this.requests.push(request);
    this.dbIndexes.push(dbIndex);
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
    const { requests, dbIndexes, log } = this;
    const count = requests.length;
    if (count <= 1) {
      // Taken out one by one the arrays keep their memory.
      if (count === 1) log.append(dbIndexes.pop() as number, requests.pop() as Args);
      return;
    }
    const wrapped = how === "together";
    // MULTI takes the database of the first entry and EXEC that of the last, so no SELECT comes between them and theirs.
    if (wrapped) log.append(dbIndexes[0] as number, MULTI);
    for (let at = 0; at < count; at++) log.append(dbIndexes[at] as number, requests[at] as Args);
    if (wrapped) log.append(dbIndexes[count - 1] as number, EXEC);
    requests.length = dbIndexes.length = 0;
  }
}
