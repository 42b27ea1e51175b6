/**
 * How operations are written down: a family is an object with an entry for each command, and an entry says nothing
 * twice. The name is the key, `generate` gives the arguments alone, and what is the usual may be left out.
 */
import type { Bytes, Reply, Request } from "../recording/history.ts";
import type { Hindsight } from "./choices.ts";
import type { KeyPool } from "./key-pool.ts";
import type { Deadline, ModelState } from "./model-state.ts";
import {
  CommandRefused,
  type ExpectedReply,
  type Family,
  type Moment,
  type Operation,
  type Step,
} from "./operation.ts";

export interface Definition {
  /** Usual: `keys`. */
  readonly changes?: Operation["changes"];
  readonly since?: string;
  /** Usual: 1. */
  readonly weight?: number;
  /** The arguments behind the command's name. */
  generate(pool: KeyPool): readonly Bytes[];
  /** Usual: the first argument. */
  readonly keys?: (args: readonly Bytes[]) => readonly Bytes[];
  step(
    model: ModelState,
    args: readonly Bytes[],
    moment: Moment,
    told: Reply | undefined,
    hindsight: Hindsight | undefined,
  ): readonly Step[];
}

export function defineFamily(family: Family, definitions: Readonly<Record<string, Definition>>): readonly Operation[] {
  return Object.entries(definitions).map(([name, definition]) => {
    const { changes = "keys", since, weight = 1, keys = firstKey } = definition;
    return {
      name,
      family,
      changes,
      ...(since !== undefined && { since }),
      weight,
      generate: (pool) => [name, ...definition.generate(pool)],
      keys: (request) => keys(argumentsOf(request)),
      step: (model, request, moment, told, hindsight) =>
        definition.step(model, argumentsOf(request), moment, told, hindsight),
    };
  });
}

function argumentsOf(request: Request): readonly Bytes[] {
  return request.slice(1);
}

// ── Which arguments are keys ──────────────────────────────────────────────────────────────────────────────────────

export const firstKey = (args: readonly Bytes[]) => args.slice(0, 1);
export const firstTwoKeys = (args: readonly Bytes[]) => args.slice(0, 2);
export const allKeys = (args: readonly Bytes[]) => args;
export const noKeys = () => [];
/** `KEY VALUE KEY VALUE …` */
export const everySecondKey = (args: readonly Bytes[]) => args.filter((_, index) => index % 2 === 0);
/** `COUNT KEY …`, and whatever follows. */
export const countedKeys = ([count = "0", ...rest]: readonly Bytes[]) => rest.slice(0, Number(count));

// ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The one thing that may happen: this answer, and this change if any. */
export function answers(reply: ExpectedReply, apply?: (model: ModelState) => void): readonly Step[] {
  return [apply === undefined ? { reply } : { reply, apply }];
}

export function refuses(message: string): never {
  throw new CommandRefused(message);
}

// ── Replies ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const ok: Reply = { kind: "string", value: "OK" };
export const nil: Reply = { kind: "nil" };
export const anything: ExpectedReply = { kind: "any" };

export function integer(value: number): Reply {
  return { kind: "integer", value };
}

export function double(value: number): Reply {
  return { kind: "double", value };
}

/** Nil for what is not there. */
export function text(value: Bytes | undefined): Reply {
  return value === undefined ? nil : { kind: "string", value };
}

export function texts(values: Iterable<Bytes>): Reply {
  return { kind: "array", items: Array.from(values, text) };
}

export function list(items: readonly Reply[]): Reply {
  return { kind: "array", items };
}

export function unordered(values: Iterable<Bytes>, groupsOf: 1 | 2 = 1): ExpectedReply {
  return { kind: "unordered", items: Array.from(values, text), groupsOf };
}

// ── Arguments ─────────────────────────────────────────────────────────────────────────────────────────────────────

const notAnInteger = "ERR value is not an integer or out of range";
const integerMax = 2n ** 63n - 1n;

/** A whole number as the store takes it: no plus, no leading zeros, no blanks, 64 bits. */
export function bigNumber(argument: Bytes, message: string = notAnInteger): bigint {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(argument)) refuses(message);
  return checkedSum(BigInt(argument), 0n, message);
}

export function checkedSum(one: bigint, other: bigint, message: string): bigint {
  const sum = one + other;
  return sum > integerMax || sum < -integerMax - 1n ? refuses(message) : sum;
}

export function wholeNumber(argument: Bytes): number {
  return Number(bigNumber(argument));
}

export function floatNumber(argument: Bytes, message = "ERR value is not a valid float"): number {
  const lower = argument.toLowerCase();
  if (/^\+?inf(inity)?$/.test(lower)) return Number.POSITIVE_INFINITY;
  if (/^-inf(inity)?$/.test(lower)) return Number.NEGATIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(lower) ? Number(lower) : refuses(message);
}

/**
 * A sum of decimals, as text. The store computes with more digits than a double has; where the client was told the sum
 * and it is the same but for rounding, the store's own text is the right one.
 */
export function decimalSum(one: number, other: number, told: Reply | undefined): Bytes {
  const sum = one + other;
  if (!Number.isFinite(sum)) refuses("ERR increment would produce NaN or Infinity");
  const toldText = told?.kind === "string" ? told.value : undefined;
  const close = toldText !== undefined && Math.abs(Number(toldText) - sum) <= Math.abs(sum) * 1e-12;
  return close ? toldText : String(sum);
}

/** Positions as lists and ranges count them: negative from the end, cut to what is there; nothing when `from` > `to`. */
export function clampRange(start: number, stop: number, size: number): { readonly from: number; readonly to: number } {
  const from = Math.max(0, start < 0 ? start + size : start);
  const to = Math.min(size - 1, stop < 0 ? stop + size : stop);
  return { from, to };
}

// ── Deadlines ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** When a key expires that was given so much time at `moment`. */
export function deadlineAfter(moment: Moment, lifeMs: number): Deadline {
  return { earliestMs: moment.earliestMs + lifeMs, latestMs: moment.latestMs + lifeMs };
}

export function deadlineAt(ms: number): Deadline {
  return { earliestMs: ms, latestMs: ms };
}

/** `EX 10`, `PX 10`, `EXAT 10`, `PXAT 10` as options of SET, GETEX and their like. */
export function deadlineOption(option: Bytes, amount: Bytes, moment: Moment): Deadline {
  const value = wholeNumber(amount);
  if (value <= 0) refuses("ERR invalid expire time");
  switch (option) {
    case "EX":
      return deadlineAfter(moment, value * 1_000);
    case "PX":
      return deadlineAfter(moment, value);
    case "EXAT":
      return deadlineAt(value * 1_000);
    default:
      return deadlineAt(value);
  }
}

/** One of the four options at random, with an amount that suits it. */
export function drawDeadlineOption(pool: KeyPool): readonly [option: Bytes, amount: Bytes] {
  return pool.random.pick<() => readonly [Bytes, Bytes]>([
    () => ["EX", String(pool.lifeSeconds())],
    () => ["PX", String(pool.lifeMs())],
    () => ["EXAT", String(pool.deadlineSeconds())],
    () => ["PXAT", String(pool.deadlineMs())],
  ])();
}
