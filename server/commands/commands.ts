/** The table of commands. Adding one: a file, or an entry in its file, and a line here. */
import { aclCommand } from "./acl-command.ts";
import { bitFieldCommands } from "./bit-fields.ts";
import { bitCommands } from "./bits.ts";
import { clientCommand } from "./client-command.ts";
import type { Command } from "./command.ts";
import { commandCommand } from "./command-command.ts";
import { configCommand } from "./config-command.ts";
import { connectionCommands } from "./connection.ts";
import { counterCommands } from "./counters.ts";
import { deadlineCommands } from "./deadlines.ts";
import { debugCommands } from "./debug.ts";
import { dumpCommands } from "./dumps.ts";
import { fieldDeadlineCommands } from "./field-deadlines.ts";
import { geoCommands } from "./geo.ts";
import { hashCommands } from "./hashes.ts";
import { keyMoveCommands } from "./key-moves.ts";
import { keyWalkCommands } from "./key-walks.ts";
import { keyCommands } from "./keys.ts";
import { lcsCommands } from "./lcs.ts";
import { listMoveCommands } from "./list-moves.ts";
import { listCommands } from "./lists.ts";
import { memoryCommands } from "./memory.ts";
import { migrateCommands } from "./migrate.ts";
import { persistenceCommands } from "./persistence.ts";
import { pubsubCommands } from "./pubsub.ts";
import { serverCommands } from "./server-commands.ts";
import { setAlgebraCommands } from "./set-algebra.ts";
import { setCommands } from "./sets.ts";
import { sketchCommands } from "./sketches.ts";
import { slownessCommands } from "./slowness.ts";
import { sortCommands } from "./sort.ts";
import { sortedSetAlgebraCommands } from "./sorted-set-algebra.ts";
import { sortedSetPopCommands } from "./sorted-set-pops.ts";
import { sortedSetRangeCommands } from "./sorted-set-ranges.ts";
import { sortedSetCommands } from "./sorted-sets.ts";
import { streamClaimCommands } from "./stream-claims.ts";
import { streamGroupCommands } from "./stream-groups.ts";
import { streamInfoCommands } from "./stream-info.ts";
import { streamReadCommands } from "./stream-reads.ts";
import { streamCommands } from "./streams.ts";
import { stringPartCommands } from "./string-parts.ts";
import { stringCommands } from "./strings.ts";
import { transactionCommands } from "./transactions.ts";

const all: readonly (readonly Command[])[] = [
  bitCommands,
  bitFieldCommands,
  connectionCommands,
  counterCommands,
  deadlineCommands,
  debugCommands,
  dumpCommands,
  migrateCommands,
  fieldDeadlineCommands,
  geoCommands,
  hashCommands,
  keyCommands,
  keyMoveCommands,
  keyWalkCommands,
  lcsCommands,
  listCommands,
  listMoveCommands,
  memoryCommands,
  persistenceCommands,
  pubsubCommands,
  serverCommands,
  setAlgebraCommands,
  setCommands,
  sortedSetAlgebraCommands,
  sortedSetCommands,
  sortedSetPopCommands,
  sortedSetRangeCommands,
  sketchCommands,
  slownessCommands,
  sortCommands,
  streamClaimCommands,
  streamCommands,
  streamGroupCommands,
  streamInfoCommands,
  streamReadCommands,
  stringCommands,
  stringPartCommands,
  transactionCommands,
  [aclCommand, clientCommand, commandCommand, configCommand],
];

/** By name. */
export const commands: ReadonlyMap<string, Command> = new Map(all.flat().map((command) => [command.name, command]));
