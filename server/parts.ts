/**
 * The parts of a server that can be exchanged. A server is built from `correctParts`; a planted bug is a subclass of one
 * of them that gets one step wrong, and `new Server(world, config, { ...correctParts, Turn: RepliesFirst })`.
 */
import { AofLoader } from "./aof/aof-loader.ts";
import { AofRewrite } from "./aof/aof-rewrite.ts";
import { AofWriter } from "./aof/aof-writer.ts";
import { ExpiryCycle } from "./keyspace/expiry-cycle.ts";
import { Persistence } from "./persistence.ts";
import { Propagation } from "./propagation.ts";
import { Recovery } from "./recovery.ts";
import { Snapshots } from "./snapshots.ts";
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
  /** When the log is written, and when it is synced. */
  AofWriter,
  /** In which order a new base and a new incr file take the place of the old ones. */
  AofRewrite,
  /** What of a log is replayed, and where a torn one is cut. */
  AofLoader,
  /** When a snapshot is due, and what makes it count. */
  Snapshots,
  /** What is loaded at the start, and in which state the files are left. */
  Recovery,
};

export type Parts = typeof correctParts;
