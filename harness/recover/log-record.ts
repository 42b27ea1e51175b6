/**
 * What one record of a log does to a keyspace. Nearly all are requests that a client may send, and the operations say what
 * those do. The rest are how a store writes down what a request came to, for whoever reads the log:
 *
 *     XREADGROUP GROUP g ann …   ──▶   XCLAIM s g ann 0 7-1 TIME … RETRYCOUNT 1 FORCE JUSTID LASTID 7-1
 *     a stream, rewritten        ──▶   XADD s 7-1 …    XSETID s 7-1 …    XGROUP CREATE s g 7-1 ENTRIESREAD 1    XCLAIM …
 *     an empty one               ──▶   XADD s MAXLEN 0 0-1 x y    XSETID s 9-1 …
 *     a HyperLogLog, rewritten   ──▶   SET h HYLL…
 */
import type { ModelState } from "../operations/model-state.ts";
import { operationOf } from "../operations/operations.ts";
import { plainString } from "../operations/sketch.ts";
import { compareIds, type StreamValue } from "../operations/stream-value.ts";
import { StringValue } from "../operations/values.ts";
import type { Bytes, Request } from "../recording/history.ts";
import { OddFile } from "./parse.ts";

/** Records name moments, never lengths of time: nothing in them hangs on when they are replayed. */
const anyMoment = { earliestMs: 0, latestMs: 0 };

/** @throws OddFile, UnknownCommand, CommandRefused, OpenChoice where nobody can tell what a loader would make of it */
export function applyRecord(state: ModelState, record: Request): void {
  const [name = "", ...args] = record;
  const onlyLogged = ofLogsOnly[name.toUpperCase()]?.(args);
  if (onlyLogged !== undefined) {
    onlyLogged(state);
    return;
  }
  const [step, ...others] = operationOf(record).step(state, record, anyMoment);
  if (step === undefined || others.length > 0) throw new OddFile(`${name} leaves the store a choice`);
  step.apply?.(state);
}

type Change = (state: ModelState) => void;

/** Undefined for a form that clients use too. */
const ofLogsOnly: Readonly<Record<string, (args: readonly Bytes[]) => Change | undefined>> = {
  SET: ([key = "", value = "", ...options]) => {
    const plain = plainString(value);
    if (plain === value || options.length > 0) return undefined;
    return (state) => state.put(key, new StringValue(plain));
  },
  XADD: ([key = "", maxLen, count, lastId = ""]) => {
    if (maxLen !== "MAXLEN" || count !== "0") return undefined;
    return (state) => state.change(key, "stream", (stream) => stream.setLastId(lastId));
  },
  XSETID:
    ([key = "", lastId = ""]) =>
    (state) =>
      changeThere(state, key, (stream) => stream.setLastId(lastId)),
  XGROUP: ([subcommand]) => {
    // A consumer with nothing pending is no part of a model.
    return subcommand?.toUpperCase() === "CREATECONSUMER" ? () => undefined : undefined;
  },
  XCLAIM: ([key = "", group = "", consumer = "", , id = "", ...options]) => {
    const deliveries = valueAfter(options, "RETRYCOUNT");
    if (deliveries === undefined) return undefined;
    return (state) =>
      changeThere(state, key, (stream) => {
        const before = stream.group(group);
        if (before === undefined)
          throw new OddFile(`a record claims for the group ${JSON.stringify(group)}, which is not there`);
        const lastId = valueAfter(options, "LASTID");
        if (lastId !== undefined && compareIds(lastId, before.lastId) > 0) stream.putGroup(group, lastId);
        // What is pending of an entry that is gone is no part of a model.
        if (stream.get(id) !== undefined) stream.assign(group, id, { consumer, deliveries: Number(deliveries) });
      });
  },
};

function changeThere(state: ModelState, key: Bytes, how: (stream: StreamValue) => void): void {
  if (state.read(key, "stream") === undefined)
    throw new OddFile(`a record changes the stream ${JSON.stringify(key)}, which is not there`);
  state.change(key, "stream", how);
}

function valueAfter(options: readonly Bytes[], name: string): Bytes | undefined {
  const at = options.findIndex((option) => option.toUpperCase() === name);
  return at < 0 ? undefined : options[at + 1];
}
