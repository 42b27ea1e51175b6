/**
 * What the parts of a simulated world ask of its time, and how a simulated process ends.
 *
 * Time stands still while code runs, and goes on only when somebody waits. A process that waits in a system call waits
 * alone: savers, clients and the disk itself go on meanwhile (W1).
 */
import type { StampNs } from "../recording/stamp.ts";

export interface SimProcess {
  readonly pid: number;
  /** False from the moment it is killed or exits, never true again. */
  readonly isAlive: boolean;
  /** Its code awaits promises, and those settle between two events, never within one. */
  readonly awaits: boolean;
}

export interface SimTime {
  /** On the recording's timeline. */
  nowNs(): StampNs;
  /** The same, and time moves by a nanosecond: one counter numbers both tracks of a recording. */
  stamp(): StampNs;
  /** Runs when so much time has passed, never before this call has returned. For what the hardware does: it needs no process. */
  after(delayMs: number, run: () => void): void;
  /**
   * Holds `process` up in the call that it is in. Everything else that is due happens, and time goes on, until `over()`
   * or the process is dead. Returns at once when it is over already. Others that await promises stand still with it: what
   * is due for them would happen, and what they have been waiting for would not.
   */
  holdUp(process: SimProcess, over: () => boolean): void;
  /** `process` is about to do a disk operation: others go first where the schedule has it so (W2). */
  step(process: SimProcess): void;
}

/**
 * Thrown at what is left of a dead process when it asks its world for anything (W3). Nobody catches it but whoever runs
 * the process: it unwinds code that no longer exists.
 */
export class WorldEnded extends Error {
  override readonly name = "WorldEnded";

  constructor(process: SimProcess) {
    // Every process ends by one, and nobody reads where.
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`process ${process.pid} is dead`);
    Error.stackTraceLimit = before;
  }
}
