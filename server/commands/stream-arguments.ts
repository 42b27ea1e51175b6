/** Reads what commands on streams take: ids, ranges of ids, how a stream is trimmed; and shows entries. */
import { NIL_ARRAY, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { StreamValue, type Trim } from "../types/stream.ts";
import type { StreamGroup } from "../types/stream-group.ts";
import { formatId, idMax, idMin, parseId, type StreamId, seqMax } from "../types/stream-id.ts";
import type { StreamEntry } from "../types/stream-node.ts";
import { integer, integerWithin } from "./arguments.ts";
import { ofType } from "./collections.ts";
import type { Args } from "./command.ts";

export const invalidId = new ReplyError("ERR Invalid stream ID specified as stream command argument");

/** An id, with or without its sequence number. */
export function readId(text: string, missingSeq?: bigint): StreamId {
  const id = parseId(text, missingSeq);
  if (id === undefined) throw invalidId;
  return id;
}

/** One end of a range: an id, `-`, `+`, or an id behind `(`, which is itself left out. */
export function readEnd(text: string, which: "start" | "end"): StreamId {
  const missingSeq = which === "start" ? 0n : seqMax;
  if (text === "-") return idMin;
  if (text === "+") return idMax;
  if (!text.startsWith("(") || text.length === 1) return readId(text, missingSeq);
  const id = readId(text.slice(1), missingSeq) + (which === "start" ? 1n : -1n);
  if (id < idMin || id > idMax) throw new ReplyError(`ERR invalid ${which} ID for the interval`);
  return id;
}

/** How XADD and XTRIM shall trim, and where the options end. */
export interface TrimOptions {
  readonly trim: Trim | undefined;
  readonly makesNoStream: boolean;
  /** The index of the first argument that is no option: XADD's id. */
  readonly next: number;
  /** The index of what MAXLEN or MINID was given. */
  readonly boundIndex: number;
}

const bothStrategies = new ReplyError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");

export function readTrimOptions(args: Args, session: Session, isAdd: boolean): TrimOptions {
  let by: Trim["by"] | undefined;
  let approximate = false;
  let limit: number | undefined;
  let makesNoStream = false;
  let boundIndex = 0;
  let at = 2;
  for (; at < args.length; at++) {
    const word = (args[at] as string).toLowerCase();
    const hasValue = at + 1 < args.length;
    if ((word === "maxlen" || word === "minid") && hasValue) {
      if (by !== undefined) throw bothStrategies;
      const sign = at + 2 < args.length ? args[at + 1] : undefined;
      approximate = sign === "~";
      if (sign === "~" || sign === "=") at++;
      boundIndex = ++at;
      by = word === "maxlen" ? { lengthMax: readLengthMax(args[at] as string) } : { idMin: readId(args[at] as string) };
    } else if (word === "limit" && hasValue) {
      limit = integerWithin(args[++at] as string, 0, Number.POSITIVE_INFINITY, "ERR The LIMIT argument must be >= 0.");
    } else if (isAdd && word === "nomkstream") {
      makesNoStream = true;
    } else if (isAdd) {
      break;
    } else {
      throw SYNTAX_ERROR;
    }
  }
  if (by === undefined) {
    if (limit) throw new ReplyError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    if (!isAdd) throw new ReplyError("ERR syntax error, XTRIM must be called with a trimming strategy");
    return { trim: undefined, makesNoStream, next: at, boundIndex };
  }
  return {
    trim: { by, approximate, limit: workLimit(session, approximate, limit) },
    makesNoStream,
    next: at,
    boundIndex,
  };
}

function readLengthMax(text: string): number {
  return integerWithin(text, 0, Number.POSITIVE_INFINITY, "ERR The MAXLEN argument must be >= 0.");
}

/** How many entries a trim may take away at once. */
function workLimit({ role, server }: Session, approximate: boolean, limit: number | undefined): number {
  // The log says exactly what was left.
  if (role === "log") return 0;
  if (limit !== undefined) {
    if (!approximate) throw new ReplyError("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return limit;
  }
  if (!approximate) return 0;
  const hundredNodes = 100 * server.encodingLimits.streamNodeMaxEntries;
  return hundredNodes === 0 ? 10_000 : Math.min(hundredNodes, 1_000_000);
}

/** Says in a request what a trim came to, so that a replay comes to the same. */
export function settleTrim(request: string[], { trim, boundIndex }: TrimOptions, stream: StreamValue): void {
  if (trim?.approximate !== true) return;
  request[boundIndex - 1] = "=";
  request[boundIndex] = "idMin" in trim.by ? formatId(stream.firstIdEver ?? idMax) : String(stream.length);
}

/** COUNT, as reading commands take it: negative is 0. */
export function readCount(text: string): number {
  return Math.max(0, integer(text));
}

export function peekStream({ db }: Session, key: string): StreamValue | undefined {
  return ofType(StreamValue, db.peek(key));
}

/** @throws ReplyError when there is no such group. */
export function groupForWrite(
  { db }: Session,
  key: string,
  groupName: string,
): { readonly stream: StreamValue; readonly group: StreamGroup } {
  const stream = ofType(StreamValue, db.forWrite(key));
  const group = stream?.groups.get(groupName);
  if (stream === undefined || group === undefined) throw noGroup(key, groupName);
  return { stream, group };
}

export function noGroup(key: string, groupName: string): ReplyError {
  return new ReplyError(`NOGROUP No such key '${key}' or consumer group '${groupName}'`);
}

export function showEntry({ id, fields, values }: StreamEntry): Reply {
  return [formatId(id), fields.flatMap((field, index) => [field, values[index] as string])];
}

/** At most `count` entries; 0: all. */
export function showEntries(entries: Iterable<StreamEntry>, count: number): Reply[] {
  const shown: Reply[] = [];
  for (const entry of entries) {
    shown.push(showEntry(entry));
    if (shown.length === count) break;
  }
  return shown;
}

/** An entry that is pending, though it is no more. */
export function showGone(id: StreamId): Reply {
  return [formatId(id), NIL_ARRAY];
}
