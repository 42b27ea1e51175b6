/**
 * A recovered state, dealt out to the lanes: each gets the digests of its own keys. Of a shared log each gets the elements
 * that its client appended, in their order; whether the lanes' elements then interleave rightly is shared-log.ts's affair.
 */
import type { ModelValue } from "../operations/model.ts";
import { listOf, StringValue, type Value, valueFrom } from "../operations/values.ts";
import type { Bytes } from "../recording/history.ts";
import type { ServedStart } from "./evidence.ts";
import type { KeyName } from "./key-table.ts";
import { absent, type Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { type Appended, nobody, type SharedLog } from "./ownership.ts";

/** What came back, as far as one lane is concerned; all lists by the lane's number of a key. */
export interface LaneReading {
  readonly present: Uint8Array;
  readonly digestA: Int32Array;
  readonly digestB: Int32Array;
  /** NaN without one. */
  readonly deadlineMs: Float64Array;
}

export interface Reading {
  readonly served: ServedStart;
  /** In the order of the lanes. */
  readonly lanes: readonly LaneReading[];
  /** Keys that no prefix of any lane ever holds. */
  readonly strangers: readonly KeyName[];
  readonly logs: readonly LogReading[];
}

/** A shared log as it came back; undefined elements are of nobody's making. */
export interface LogReading extends KeyName {
  readonly log: SharedLog;
  readonly elements: readonly { readonly text: Bytes; readonly appended: Appended | undefined }[];
  /** It is not even of the log's type. */
  readonly wrongType: boolean;
}

export function readState(lanes: Lanes, served: ServedStart): Reading {
  const readings = lanes.lanes.map(emptyReading);
  const strangers: KeyName[] = [];
  const logs: LogReading[] = [];
  for (const [database, keys] of served.state) {
    for (const [key, entry] of keys) {
      const owner = lanes.ownership.ownerOf(key);
      if (owner === undefined) {
        const log = readLog(lanes.ownership.sharedLogs.get(key) as SharedLog, database, entry.value);
        logs.push(log);
        for (const client of log.log.clients) note(lanes, readings, client, log, ownPart(log, client));
      } else {
        const value = valueFrom(entry.value);
        if (!note(lanes, readings, owner, { database, key }, { ...entry, value })) strangers.push({ database, key });
      }
    }
  }
  return { served, lanes: readings, strangers, logs };
}

/** Whether the recovered key is this version, as far as anybody can tell. */
export function isVersion(
  lane: Lane,
  reading: LaneReading,
  served: ServedStart,
  key: number,
  version: number,
): boolean {
  if (version === absent) return reading.present[key] === 0;
  return reading.present[key] === 0
    ? isExpired(lane, served, version)
    : hasValue(lane, reading, key, version) && hasDeadline(lane, reading, served, key, version);
}

/** Whether the recovered value is this version's, whatever its deadline. */
export function hasValue(lane: Lane, reading: LaneReading, key: number, version: number): boolean {
  const { digestA, digestB } = lane.unfolded.versions;
  return digestA[version] === reading.digestA[key] && digestB[version] === reading.digestB[key];
}

/** Past its deadline a key may be gone, and that proves nothing (O4). */
function isExpired(lane: Lane, served: ServedStart, version: number): boolean {
  // A version without deadline has NaN here, and is never expired.
  return (lane.unfolded.versions.earliestMs[version] as number) <= served.readAtWallMs;
}

function hasDeadline(lane: Lane, reading: LaneReading, served: ServedStart, key: number, version: number): boolean {
  const earliestMs = lane.unfolded.versions.earliestMs[version] as number;
  const latestMs = lane.unfolded.versions.latestMs[version] as number;
  const deadlineMs = reading.deadlineMs[key] as number;
  if (Number.isNaN(earliestMs) || Number.isNaN(deadlineMs))
    return Number.isNaN(earliestMs) === Number.isNaN(deadlineMs);
  return deadlineMs >= earliestMs - served.deadlineErrorMs && deadlineMs <= latestMs + served.deadlineErrorMs;
}

// ── Dealing out ───────────────────────────────────────────────────────────────────────────────────────────────────

function emptyReading(lane: Lane): LaneReading {
  const count = lane.unfolded.keys.size;
  return {
    present: new Uint8Array(count),
    digestA: new Int32Array(count),
    digestB: new Int32Array(count),
    deadlineMs: new Float64Array(count),
  };
}

/** @returns false when the lane never holds such a key */
function note(
  lanes: Lanes,
  readings: readonly LaneReading[],
  client: number,
  { database, key }: KeyName,
  found: { readonly value: Value; readonly deadlineMs?: number } | undefined,
): boolean {
  const index = client === nobody ? lanes.lanes.length - 1 : client;
  const id = lanes.lanes[index]?.unfolded.keys.find(database, key);
  if (id === undefined) return false;
  if (found === undefined) return true;
  const reading = readings[index] as LaneReading;
  reading.present[id] = 1;
  reading.digestA[id] = found.value.digestA();
  reading.digestB[id] = found.value.digestB();
  reading.deadlineMs[id] = found.deadlineMs ?? Number.NaN;
  return true;
}

// ── Shared logs ───────────────────────────────────────────────────────────────────────────────────────────────────

export function readLog(log: SharedLog, database: number, value: ModelValue): LogReading {
  const texts = textsOf(log, value);
  const elements = (texts ?? []).map((text) => ({ text, appended: log.elements.get(text) }));
  return { database, key: log.key, log, elements, wrongType: texts === undefined };
}

function textsOf(log: SharedLog, value: ModelValue): readonly Bytes[] | undefined {
  if (log.form === "list") return value.type === "list" ? value.items : undefined;
  // Every element ends in a semicolon; what stands behind the last one is a torn element of its own.
  return value.type === "string" ? (value.value.match(/[^;]*;|[^;]+$/g) ?? []) : undefined;
}

/** What the log would hold if this client alone had written it. */
export function ownPart({ log, elements }: LogReading, client: number): { readonly value: Value } | undefined {
  const own = elements.filter(({ appended }) => appended?.record.client === client).map(({ text }) => text);
  if (own.length === 0) return undefined;
  return { value: log.form === "list" ? listOf(own) : new StringValue(own.join("")) };
}
