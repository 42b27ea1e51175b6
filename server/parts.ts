/**
 * The parts of a server that can be exchanged. A server is built from `correctParts`; a planted bug is a subclass of one
 * of them that gets one step wrong, and `new Server(world, config, { ...correctParts, Turn: RepliesFirst })`.
 */
import { ExpiryCycle } from "./keyspace/expiry-cycle.ts";
import { Persistence } from "./persistence.ts";
import { Propagation } from "./propagation.ts";
import { Turn } from "./turn.ts";

export const correctParts = {
  /** The order in which a turn ends: log, then replies. */
  Turn,
  /** What of a command's changes becomes an entry of the log, and what is one unit. */
  Propagation,
  /** Which keys past their deadline are removed unasked. */
  ExpiryCycle,
  /** Log, snapshots and recovery together. */
  Persistence,
};

export type Parts = typeof correctParts;
