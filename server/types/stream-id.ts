/**
 * The id of a stream's entry: milliseconds and a sequence number, 64 bits each, written `1526919030474-55`.
 *
 *     one bigint:   ms ┆ seq      so that ids compare, and follow one another, as numbers do
 */

/** 0 … 2^128 − 1. */
export type StreamId = bigint;

const half = 64n;
const u64Max = (1n << half) - 1n;

/** Before every entry; no entry has it. */
export const idMin: StreamId = 0n;
export const idMax: StreamId = (1n << 128n) - 1n;
/** The highest sequence number; also the highest millisecond. */
export const seqMax = u64Max;

/** Both parts are taken modulo 2^64. */
export function streamId(ms: bigint, seq: bigint): StreamId {
  return (BigInt.asUintN(64, ms) << half) | BigInt.asUintN(64, seq);
}

export function msOf(id: StreamId): bigint {
  return id >> half;
}

export function seqOf(id: StreamId): bigint {
  return id & u64Max;
}

export function formatId(id: StreamId): string {
  return `${id >> half}-${id & u64Max}`;
}

/** `5-3`, or `5`, which gets `missingSeq`; undefined when it is neither. */
export function parseId(text: string, missingSeq = 0n): StreamId | undefined {
  const [, ms, seq] = /^(\d{1,40})(?:-(\d{1,40}))?$/.exec(text) ?? [];
  if (ms === undefined) return undefined;
  const parts = { ms: BigInt(ms), seq: seq === undefined ? missingSeq : BigInt(seq) };
  return parts.ms > u64Max || parts.seq > u64Max ? undefined : streamId(parts.ms, parts.seq);
}
