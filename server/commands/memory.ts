/** MEMORY: what values take, and what the process does. */
import { MapReply, OK, type Reply, SYNTAX_ERROR, Verbatim } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { memorySizeBytes } from "../types/memory-size.ts";
import { integerWithin } from "./arguments.ts";
import type { Args, Command } from "./command.ts";
import { container } from "./container.ts";

const defaultSamples = 5;

function usage(args: Args, { db }: Session): Reply {
  let samples = defaultSamples;
  for (let at = 3; at < args.length; at += 2) {
    const value = args[at + 1];
    if ((args[at] as string).toUpperCase() !== "SAMPLES" || value === undefined) throw SYNTAX_ERROR;
    samples = integerWithin(value, 0, Number.POSITIVE_INFINITY, "ERR syntax error");
  }
  const key = args[2] as string;
  const value = db.peek(key);
  return value === undefined ? null : memorySizeBytes(key, value, samples);
}

/** Of Redis's fields those that mean something here. */
function statistics({ server: { memoryLimit, keyspace } }: Session): Reply {
  const clientBytes = memoryLimit.clientBytes();
  const dataBytes = memoryLimit.usedBytes() - clientBytes;
  return new MapReply([
    ["total.allocated", dataBytes + clientBytes],
    ["clients.normal", clientBytes],
    ["keys.count", keyspace.size],
    ["keys.bytes-per-key", keyspace.size === 0 ? 0 : Math.floor(dataBytes / keyspace.size)],
    ["dataset.bytes", dataBytes],
  ]);
}

const memoryCommand = container("memory", "server", [
  {
    usage: "USAGE <key> [SAMPLES <count>]",
    help: "About how many bytes the key and its value take. Of a collection <count> items are looked at (5; 0: all).",
    arity: -3,
    flags: ["readonly"],
    keys: { first: 2, last: 2, step: 1 },
    run: usage,
  },
  {
    usage: "DOCTOR",
    help: "What may be wrong with the memory.",
    arity: 2,
    flags: [],
    run: () => new Verbatim("Memory is the JavaScript engine's business here: nothing to report."),
  },
  {
    usage: "STATS",
    help: "What keys and clients take together, as far as it can be reckoned.",
    arity: 2,
    flags: [],
    run: (_args, session) => statistics(session),
  },
  {
    usage: "PURGE",
    help: "Asks the allocator to give memory back; the JavaScript engine does so by itself.",
    arity: 2,
    flags: [],
    run: () => OK,
  },
]);

export const memoryCommands: readonly Command[] = [memoryCommand];
