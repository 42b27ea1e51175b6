/**
 * Replies leave at the end of the turn; the log is written when the clock ticks next. A killed process takes along what
 * it had answered for since.
 */
import { Turn } from "../../server/turn.ts";
import type { PlantedBug } from "./planted-bug.ts";

class LogsWithTheNextTick extends Turn {
  protected override flushLog(): void {
    // The cron's tick writes it, ten times a second.
  }
}

export const replyBeforeLog: PlantedBug = {
  name: "reply-before-log",
  what: "answers at the end of a turn, and writes the log with the next tick of its clock",
  parts: { Turn: LogsWithTheNextTick },
  foundBy: [
    { where: "simulated", scenario: "simulated/swarm", preset: "always", kind: "loss-beyond-bound" },
    { where: "process", scenario: "kill/random", preset: "always", kind: "loss-beyond-bound" },
  ],
};
