/**
 * A history as the oracle reads it: a lane for each client, and one for the keys that no client wrote. Made once for a
 * recording, and asked about each of its crash states.
 */
import type { Model, ModelEntry } from "../operations/model.ts";
import { isRefusal } from "../operations/run-call.ts";
import { valueFrom } from "../operations/values.ts";
import type { Bytes, CallRecord, History, Reply } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";
import type { ServedStart } from "./evidence.ts";
import { findGlobalCalls, type GlobalCall } from "./global-calls.ts";
import { type Element, Lane } from "./lane.ts";
import type { Wanted, WantedEntry } from "./open-end.ts";
import { findOwners, nobody, type Ownership } from "./ownership.ts";
import { ownPart, readLog } from "./reading.ts";
import { unfold } from "./unfold.ts";

export interface Lanes {
  readonly history: History;
  readonly ownership: Ownership;
  /** One for each client, by its number, and behind them the one of nobody. */
  readonly lanes: readonly Lane[];
  /** Of the first call. */
  readonly startNs: number;
}

/** Two clients wrote a key that is not a log: in which order is anybody's guess, and only a search could try them all. */
export class ContestedKeys extends Error {
  override readonly name = "ContestedKeys";
}

export interface LanesOptions {
  /** What the store held before the first call. */
  readonly initial: Model;
  /** The disk made trouble: calls without a reply may have been refused, though no reply in the history says so. */
  readonly trouble: boolean;
  /** Ways of a client's calls that are followed at a time; what is beyond is told apart by what came back. */
  readonly waysMax?: number;
}

/** @throws ContestedKeys, NotQuiet, TooManyWays, UnknownCommand: nobody can judge such a history. */
export function readLanes(history: History, { initial, trouble, waysMax }: LanesOptions): Lanes {
  const ownership = findOwners(history, keysOf(initial));
  const [contested] = ownership.contested;
  if (contested !== undefined) {
    const [key, clients] = contested;
    throw new ContestedKeys(`clients ${[...clients].join(" and ")} all wrote ${JSON.stringify(key)}`);
  }
  const globals = findGlobalCalls(history);
  const lastWallMs = lastWallOf(history);
  const refusalsPossible = trouble || history.clients.some((sequence) => sequence.some(wasRefused));
  const laneOf = (client: number, sequence: readonly CallRecord[]) => {
    const input = {
      client,
      elements: elementsOf(client, sequence, globals),
      initial: partOf(initial, (key) => ownership.ownerOf(key) === client),
      lastWallMs,
      refusalsPossible,
      isForeign: (key: Bytes) => ownership.ownerOf(key) !== client,
      ...(waysMax !== undefined && { waysMax }),
    };
    return new Lane(input, unfold(input));
  };
  const lanes = [...history.clients.map((sequence, client) => laneOf(client, sequence)), laneOf(nobody, [])];
  const startNs = Math.min(...history.clients.flatMap((sequence) => sequence[0]?.invokedNs ?? []));
  return { history, ownership, lanes, startNs: Number.isFinite(startNs) ? startNs : 0 };
}

/**
 * The lanes followed to their ends. Where a store had a choice and its answer never came, only what came back says which
 * ways are worth following. A cut before such a call needs none of that.
 */
export function completeLanes(lanes: Lanes, served: Served, endNs: StampNs): Lanes {
  const isOpen = (lane: Lane) => lane.lengthAt(endNs) > lane.unfolded.followed;
  if (!lanes.lanes.some(isOpen)) return lanes;
  const completed = (lane: Lane) => lane.completeWith(served.state, wantedBy(lane, lanes, served));
  return { ...lanes, lanes: lanes.lanes.map((lane) => (isOpen(lane) ? completed(lane) : lane)) };
}

type Served = Pick<ServedStart, "state" | "readAtWallMs" | "deadlineErrorMs">;

function wantedBy({ client }: Lane, { ownership }: Lanes, served: Served): Wanted {
  const { state, readAtWallMs, deadlineErrorMs } = served;
  const known = new Map<string, WantedEntry | undefined>();
  const read = (database: number, key: Bytes): WantedEntry | undefined => {
    const entry = state.get(database)?.get(key);
    const log = ownership.sharedLogs.get(key);
    if (entry === undefined) return undefined;
    if (log !== undefined) return ownPart(readLog(log, database, entry.value), client);
    return { ...entry, value: valueFrom(entry.value) };
  };
  return {
    of: (database, key) => {
      const place = `${database} ${key}`;
      if (!known.has(place)) known.set(place, read(database, key));
      return known.get(place);
    },
    databasesOf: (key) => [...state].flatMap(([database, keys]) => (keys.has(key) ? [database] : [])),
    readAtWallMs,
    deadlineErrorMs,
  };
}

/** A client's own calls, with those of others that change everything where they took place. */
function elementsOf(client: number, sequence: readonly CallRecord[], globals: readonly GlobalCall[]): Element[] {
  const globalIds = new Set(globals.map(({ record }) => record.id));
  const own = sequence.map((record): Element => ({ record, own: true, global: globalIds.has(record.id) }));
  const others = globals
    .filter(({ record }) => record.client !== client)
    .map(({ record, database }): Element => ({ record, own: false, global: true, database }));
  if (others.length === 0) return own;
  return [...own, ...others].sort((one, other) => one.record.invokedNs - other.record.invokedNs);
}

function partOf(model: Model, belongs: (key: Bytes) => boolean): Model {
  const part = new Map<number, ReadonlyMap<Bytes, ModelEntry>>();
  for (const [database, keys] of model) {
    const own = new Map([...keys].filter(([key]) => belongs(key)));
    if (own.size > 0) part.set(database, own);
  }
  return part;
}

function keysOf(model: Model): Set<Bytes> {
  return new Set([...model.values()].flatMap((keys) => [...keys.keys()]));
}

function lastWallOf(history: History): number {
  let last = 0;
  for (const sequence of history.clients) {
    for (const record of sequence) last = Math.max(last, record.invokedWallMs, record.completed?.wallMs ?? 0);
  }
  return last;
}

function wasRefused({ completed }: CallRecord): boolean {
  return completed !== undefined && mentionsRefusal(completed.reply);
}

function mentionsRefusal(reply: Reply): boolean {
  return reply.kind === "array" ? reply.items.some(mentionsRefusal) : isRefusal(reply);
}
