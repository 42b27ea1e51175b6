/** Reads arguments as what a command takes them for. What is wrong with them is a ReplyError in Redis's words. */
import { parseDouble } from "../codec/doubles.ts";
import { canonicalInt64 } from "../codec/integers.ts";
import { type LongDouble, parseLongDouble } from "../codec/long-double.ts";
import { ReplyError } from "../resp/reply.ts";

const int64Max = 2 ** 63;
/** So many seconds, as milliseconds, do not fit into 64 bits any more. */
const secondsLimit = int64Max / 1000;
const int32Max = 2 ** 31 - 1;

/** An integer of 64 bits: a bigint only beyond 2^53, where a number would not be exact. */
export function int64(text: string, complaint = "ERR value is not an integer or out of range"): number | bigint {
  const value = canonicalInt64(text);
  if (value === undefined) throw new ReplyError(complaint);
  return value;
}

/** An integer of 64 bits where beyond 2^53 nobody needs to be exact: an index, a count, a time. */
export function integer(text: string, complaint?: string): number {
  return Number(int64(text, complaint));
}

/** An integer between `min` and `max`, inclusive. */
export function integerWithin(text: string, min: number, max: number, complaint?: string): number {
  const value = integer(text, complaint);
  if (value >= min && value <= max) return value;
  throw new ReplyError(complaint ?? `ERR value is out of range, value must between ${min} and ${max}`);
}

/** An integer that is not negative. */
export function count(text: string, complaint = "ERR value is out of range, must be positive"): number {
  const value = integer(text);
  if (value < 0) throw new ReplyError(complaint);
  return value;
}

/** How many, as LPOP and its like take it: an integer that is not negative. */
export function limit(text: string): number {
  return integerWithin(text, 0, Number.POSITIVE_INFINITY, "ERR value is out of range, must be positive");
}

/** The number of a database, as yet unchecked. */
export function int32(text: string): number {
  return integerWithin(text, -int32Max - 1, int32Max, "ERR value is not an integer or out of range");
}

export function double(text: string, complaint = "ERR value is not a valid float"): number {
  const value = parseDouble(text);
  if (value === undefined) throw new ReplyError(complaint);
  return value;
}

/** For INCRBYFLOAT and HINCRBYFLOAT. */
export function longDouble(text: string, complaint = "ERR value is not a valid float"): LongDouble {
  if (/^[+-]?inf(inity)?$/i.test(text)) throw new ReplyError("ERR increment would produce NaN or Infinity");
  const value = parseLongDouble(text);
  if (value === undefined) throw new ReplyError(complaint);
  return value;
}

/** How a time is given: from now on, or as a date; in seconds, or in milliseconds. */
export interface TimeForm {
  readonly unitMs: 1 | 1000;
  readonly relative: boolean;
}

/** Of options like SET's. */
export const timeForms: Readonly<Record<string, TimeForm>> = {
  EX: { unitMs: 1000, relative: true },
  PX: { unitMs: 1, relative: true },
  EXAT: { unitMs: 1000, relative: false },
  PXAT: { unitMs: 1, relative: false },
};

/** Wall milliseconds. Whether they may be negative, or past, is the command's business. */
export function deadline(text: string, { unitMs, relative }: TimeForm, nowMs: number, command: string): number {
  const value = integer(text);
  if (unitMs === 1000 && Math.abs(value) >= secondsLimit) throw invalidExpireTime(command);
  const deadlineMs = value * unitMs + (relative ? nowMs : 0);
  if (deadlineMs >= int64Max) throw invalidExpireTime(command);
  return deadlineMs;
}

export function invalidExpireTime(command: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${command}' command`);
}

/** A time to wait, in seconds with a fraction; 0 is for ever. Given back in milliseconds. */
export function timeoutMs(text: string): number {
  const seconds = double(text, "ERR timeout is not a float or out of range");
  if (seconds < 0) throw new ReplyError("ERR timeout is negative");
  const ms = Math.ceil(seconds * 1000);
  if (ms >= int64Max) throw new ReplyError("ERR timeout is out of range");
  return ms;
}
