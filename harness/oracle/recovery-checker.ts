/**
 * Did the store start again, and did a second start serve the same? Between the two nobody wrote.
 */
import type { Model, ModelEntry } from "../operations/model.ts";
import { valueFrom } from "../operations/values.ts";
import type { Bytes } from "../recording/history.ts";
import type { Checker, Finding, Verdict } from "./checker.ts";
import { describeEntry, describeText, type StoryKey } from "./describe.ts";
import type { RecoveryStart, ServedStart } from "./evidence.ts";
import { lastLogLinesOf, makeFinding } from "./finding.ts";
import type { Inquiry } from "./inquiry.ts";

const name = "recovery";
const keysShownMax = 4;

export const recoveryChecker: Checker = {
  name,
  question: "Did the store start again, and did a second start serve the same?",
  check(inquiry): Verdict {
    const [first, ...later] = inquiry.evidence.recovery.starts;
    if (first === undefined) return { kind: "unknown", why: "the store was not started on the crash state" };
    if (first.kind === "refused") return violated(refusal(inquiry, first));
    if (first.kind === "unclear") return { kind: "unknown", why: first.why };
    for (const start of later) {
      if (start.kind === "unclear") return { kind: "unknown", why: start.why };
      const difference = knownDifference(first, start);
      if (difference !== undefined) return violated(unstable(inquiry, difference));
    }
    return { kind: "held" };
  },
};

interface Difference {
  readonly message: string;
  readonly keys: readonly StoryKey[];
}

function violated(finding: Finding): Verdict {
  return { kind: "violated", findings: [finding] };
}

function refusal(inquiry: Inquiry, start: Extract<RecoveryStart, { kind: "refused" }>): Finding {
  const reason = start.lastLogLines.findLast((line) => line.trim() !== "")?.trim() ?? "it logged nothing";
  const how = start.exitCode === null ? "" : ` with code ${start.exitCode}`;
  return makeFinding(inquiry, {
    kind: "refusal",
    level: "consistency",
    checker: name,
    trait: "first start",
    message: `the store does not start on what the crash left: it ended${how}, and its last words are: ${reason}`,
    story: { storeLog: [...start.lastLogLines] },
  });
}

function unstable(inquiry: Inquiry, { message, keys }: Difference): Finding {
  return makeFinding(inquiry, {
    kind: "unstable-recovery",
    level: "consistency",
    checker: name,
    trait: "second start",
    message,
    story: { keys: [...keys], storeLog: [...lastLogLinesOf(inquiry.evidence)] },
  });
}

const known = new WeakMap<
  ServedStart,
  { readonly later: RecoveryStart; readonly difference: Difference | undefined }
>();

/** Two starts are compared once, and hold for every crash point that leaves these files (S5). */
function knownDifference(first: ServedStart, later: Exclude<RecoveryStart, { kind: "unclear" }>) {
  const before = known.get(first);
  if (before?.later === later) return before.difference;
  const difference = differenceBetween(first, later);
  known.set(first, { later, difference });
  return difference;
}

function differenceBetween(
  first: ServedStart,
  later: Exclude<RecoveryStart, { kind: "unclear" }>,
): Difference | undefined {
  if (later.kind === "refused") return { message: "the store started once, and a second start is refused", keys: [] };
  const keys = [...differentKeys(first, later)];
  if (keys.length === 0) return undefined;
  const count = keys.length === 1 ? "one key differs" : `${keys.length} keys differ`;
  return { message: `a second start serves something else: ${count}`, keys: keys.slice(0, keysShownMax) };
}

function* differentKeys(first: ServedStart, later: ServedStart): Iterable<StoryKey> {
  for (const [database, key] of namesIn(first.state, later.state)) {
    const one = first.state.get(database)?.get(key);
    const other = later.state.get(database)?.get(key);
    if (isSame(one, other, first, later)) continue;
    yield { database, key: describeText(key), expected: describeEntry(one), recovered: describeEntry(other) };
  }
}

function* namesIn(one: Model, other: Model): Iterable<readonly [database: number, key: Bytes]> {
  for (const [database, keys] of one) for (const key of keys.keys()) yield [database, key];
  for (const [database, keys] of other) {
    for (const key of keys.keys()) if (one.get(database)?.has(key) !== true) yield [database, key];
  }
}

function isSame(
  one: ModelEntry | undefined,
  other: ModelEntry | undefined,
  first: ServedStart,
  later: ServedStart,
): boolean {
  // A key whose time was over by the second reading may be gone (O4).
  if (other === undefined)
    return one === undefined || (one.deadlineMs ?? Number.POSITIVE_INFINITY) <= later.readAtWallMs;
  if (one === undefined) return false;
  const [valueOne, valueOther] = [valueFrom(one.value), valueFrom(other.value)];
  if (valueOne.digestA() !== valueOther.digestA() || valueOne.digestB() !== valueOther.digestB()) return false;
  if (one.deadlineMs === undefined || other.deadlineMs === undefined) return one.deadlineMs === other.deadlineMs;
  return Math.abs(one.deadlineMs - other.deadlineMs) <= first.deadlineErrorMs + later.deadlineErrorMs;
}
