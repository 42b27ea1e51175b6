/**
 * Fields of hashes that expire, each by itself. Only stores that know them are asked (COMMAND INFO says): Redis since
 * 7.4, Valkey since 9, the bundled one.
 *
 * Every field is given a moment, never a length of time, and one that is decades away: then it is known exactly, and
 * nothing expires while a run lasts (O4).
 */
import { answers, defineFamily, integer, list, wholeNumber } from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";
import type { Step } from "./operation.ts";

const noSuchField = -2;
const noDeadline = -1;
const notMet = 0;
const done = 1;

export const fieldDeadlines = defineFamily("hashes", {
  HPEXPIREAT: {
    weight: 3,
    generate: (pool) => [pool.key("hash"), String(pool.deadlineMs()), ...drawCondition(pool), ...drawFields(pool)],
    step: (model, [key = "", ms = "", ...rest]) => expireAt(model, key, wholeNumber(ms), rest),
  },
  HEXPIREAT: {
    generate: (pool) => [pool.key("hash"), String(pool.deadlineSeconds()), ...drawCondition(pool), ...drawFields(pool)],
    step: (model, [key = "", seconds = "", ...rest]) => expireAt(model, key, wholeNumber(seconds) * 1_000, rest),
  },
  HPERSIST: {
    generate: (pool) => [pool.key("hash"), ...drawFields(pool)],
    step: (model, [key = "", ...rest]) =>
      forEach(model, key, fieldsOf(rest), (_, before) => ({
        answer: before === undefined ? noDeadline : done,
        ...(before !== undefined && { deadlineMs: undefined }),
      })),
  },
  HPEXPIRETIME: {
    changes: "nothing",
    generate: (pool) => [pool.key("hash"), ...drawFields(pool)],
    step: (model, [key = "", ...rest]) =>
      forEach(model, key, fieldsOf(rest), (_, before) => ({ answer: before ?? noDeadline })),
  },
});

function drawFields(pool: KeyPool): string[] {
  const fields = new Set(Array.from({ length: pool.count(3) }, () => pool.member()));
  return ["FIELDS", String(fields.size), ...fields];
}

function drawCondition(pool: KeyPool): string[] {
  return pool.random.chance(0.3) ? [pool.random.pick(["NX", "XX", "GT", "LT"])] : [];
}

/** `FIELDS n field …`, perhaps behind a condition. */
function fieldsOf(rest: readonly string[]): readonly string[] {
  return rest.slice(rest.indexOf("FIELDS") + 2);
}

function expireAt(model: ModelState, key: string, deadlineMs: number, rest: readonly string[]): readonly Step[] {
  const condition = rest[0] === "FIELDS" ? undefined : rest[0];
  return forEach(model, key, fieldsOf(rest), (_, before) =>
    isMet(condition, before, deadlineMs) ? { answer: done, deadlineMs } : { answer: notMet },
  );
}

function isMet(condition: string | undefined, before: number | undefined, deadlineMs: number): boolean {
  switch (condition) {
    case "NX":
      return before === undefined;
    case "XX":
      return before !== undefined;
    // A field that does not expire does so later than any other.
    case "GT":
      return before !== undefined && deadlineMs > before;
    case "LT":
      return before === undefined || deadlineMs < before;
    default:
      return true;
  }
}

interface FieldStep {
  readonly answer: number;
  /** Given: the field's deadline from now on, undefined for none. */
  readonly deadlineMs?: number | undefined;
}

/** One answer a field, and what becomes of each. */
function forEach(
  model: ModelState,
  key: string,
  fields: readonly string[],
  step: (field: string, deadlineMs: number | undefined) => FieldStep,
): readonly Step[] {
  const hash = model.read(key, "hash");
  const steps = fields.map((field) => ({
    field,
    ...(hash?.get(field) === undefined ? { answer: noSuchField } : step(field, hash.deadline(field))),
  }));
  const replies = list(steps.map(({ answer }) => integer(answer)));
  const changed = steps.filter((one) => "deadlineMs" in one);
  if (changed.length === 0) return answers(replies);
  return answers(replies, (state) =>
    state.change(key, "hash", (value) => {
      for (const one of changed) value.setDeadline(one.field, "deadlineMs" in one ? one.deadlineMs : undefined);
    }),
  );
}
