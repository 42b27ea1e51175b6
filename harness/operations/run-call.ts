/**
 * What one call may do to a model: a single request, or a transaction as one element (O1).
 *
 *     model ──request──▶ steps ──told──▶ those that agree with what the client was told
 *
 * Most of the time that is one, and the model changes in place. Where the store had a choice and nobody knows which way
 * it went, the model forks. An answer that no lawful step gives is noted, and the model goes on as it would have: what
 * the store then does is still worth judging, and the reply checker speaks up.
 */
import type { Bytes, Call, Reply, Request } from "../recording/history.ts";
import type { Hindsight } from "./choices.ts";
import { describeExpected, describeReply, matchesReply } from "./match-reply.ts";
import type { ModelState } from "./model-state.ts";
import { CommandRefused, type ExpectedReply, type Moment, type Operation, type Step } from "./operation.ts";
import { operationOf } from "./operations.ts";

/** A state after the call, and what was odd about the answer. */
export interface Outcome {
  readonly model: ModelState;
  readonly oddReply?: OddReply;
}

/** An answer that no lawful keyspace gives. */
export interface OddReply {
  /** Position in the call's requests; −1 for the call as a whole. */
  readonly requestIndex: number;
  readonly expected: string;
  readonly told: string;
}

export interface RunOptions {
  readonly moment: Moment;
  /** Makes another state from one; the caller knows who listens to its changes. */
  readonly fork: (model: ModelState) => ModelState;
  /** For calls that were never answered. */
  readonly hindsight?: Hindsight | undefined;
  /** Nothing is known of the answer's meaning for keys that others write too: it is not held against the model. */
  readonly ignoresReply?: (request: Request, operation: Operation) => boolean;
}

/** Errors by which a store declines a call whatever its keyspace holds; nothing may have changed then. */
const refusalCodes = new Set([
  "MISCONF",
  "LOADING",
  "OOM",
  "READONLY",
  "BUSY",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "NOREPLICAS",
  "NOAUTH",
  "NOPERM",
  "TRYAGAIN",
  "MOVED",
  "ASK",
  "EXECABORT",
]);

/** A store may also not know a command or an option: it then does nothing, and says so. */
const unknownToStore = /^ERR (unknown|syntax error|unsupported|wrong number|max number of clients)/i;

export function isRefusal(reply: Reply): boolean {
  if (reply.kind !== "error") return false;
  return refusalCodes.has(reply.message.split(" ", 1)[0] as string) || unknownToStore.test(reply.message);
}

/**
 * @throws UnknownCommand when no operation describes a request
 * @throws OpenChoice when nothing says what the store chose; the model may have changed in part by then
 */
export function runCall(
  model: ModelState,
  call: Call,
  reply: Reply | undefined,
  options: RunOptions,
): readonly Outcome[] {
  const outcomes = call.transaction
    ? runTransaction(model, call, reply, options)
    : runRequest(model, call.requests[0] as Request, 0, reply, options);
  // Ways that lead to another answer than the one given were not taken.
  const agreeing = outcomes.filter((outcome) => outcome.oddReply === undefined);
  return agreeing.length > 0 ? agreeing : outcomes;
}

function runTransaction(
  model: ModelState,
  call: Call,
  reply: Reply | undefined,
  options: RunOptions,
): readonly Outcome[] {
  const watched = call.watch !== undefined && call.watch.length > 0;
  switch (reply?.kind) {
    case undefined:
      // It ran as a whole, or a watched key had changed and it did not.
      return watched
        ? [{ model: options.fork(model) }, ...runAll(model, call, undefined, options)]
        : runAll(model, call, undefined, options);
    case "nil":
      return [watched ? { model } : { model, oddReply: wholeReply("a reply for each request", reply) }];
    case "error":
      return [isRefusal(reply) ? { model } : { model, oddReply: wholeReply("a reply for each request", reply) }];
    case "array":
      if (reply.items.length === call.requests.length) return runAll(model, call, reply.items, options);
      break;
    case "string":
    case "integer":
    case "double":
      break;
  }
  const oddReply = wholeReply(`${call.requests.length} replies`, reply);
  return runAll(model, call, undefined, options).map((outcome) => ({ ...outcome, oddReply }));
}

function wholeReply(expected: string, told: Reply): OddReply {
  return { requestIndex: -1, expected, told: describeReply(told) };
}

function runAll(
  model: ModelState,
  call: Call,
  replies: readonly Reply[] | undefined,
  options: RunOptions,
): readonly Outcome[] {
  let outcomes: readonly Outcome[] = [{ model }];
  for (const [index, request] of call.requests.entries()) {
    outcomes = outcomes.flatMap((before) =>
      runRequest(before.model, request, index, replies?.[index], options).map((after) =>
        before.oddReply === undefined ? after : { ...after, oddReply: before.oddReply },
      ),
    );
  }
  return outcomes;
}

function runRequest(
  model: ModelState,
  request: Request,
  requestIndex: number,
  reply: Reply | undefined,
  options: RunOptions,
): readonly Outcome[] {
  if (reply !== undefined && isRefusal(reply)) return [{ model }];
  const operation = operationOf(request);
  return afterExpiry(model, operation.keys(request), options).flatMap((state) =>
    runOn(state, operation, request, requestIndex, reply, options),
  );
}

/** A key past its deadline is gone; near it, it may be gone (O4). */
function afterExpiry(model: ModelState, keys: readonly Bytes[], options: RunOptions): readonly ModelState[] {
  const { earliestMs, latestMs } = options.moment;
  if (!model.mayHoldExpired(latestMs)) return [model];
  let states: readonly ModelState[] = [model];
  for (const key of new Set(keys)) {
    const deadline = model.entry(key)?.deadline;
    if (deadline === undefined || deadline.earliestMs > latestMs) continue;
    const kept = deadline.latestMs <= earliestMs ? [] : states.map((state) => options.fork(state));
    for (const state of states) state.remove(key);
    states = [...states, ...kept];
  }
  return states;
}

function runOn(
  model: ModelState,
  operation: Operation,
  request: Request,
  requestIndex: number,
  reply: Reply | undefined,
  options: RunOptions,
): readonly Outcome[] {
  const told = options.ignoresReply?.(request, operation) === true ? undefined : reply;
  const steps = stepsOf(operation, model, request, told, options);
  if (told === undefined) {
    // An answer that is not understood still says whether it was an error, and an error changes nothing.
    return reply?.kind === "error" ? [{ model }] : take(model, steps, options);
  }
  const agreeing = steps.filter((step) => matchesReply(step.reply, told));
  if (agreeing.length > 0) return take(model, agreeing, options);
  const oddReply = { requestIndex, expected: steps.map(expectedText).join(" or "), told: describeReply(told) };
  if (told.kind === "error") return [{ model, oddReply }];
  return take(model, steps, options).map((outcome) => ({ ...outcome, oddReply }));
}

function stepsOf(
  operation: Operation,
  model: ModelState,
  request: Request,
  told: Reply | undefined,
  { moment, hindsight }: RunOptions,
): readonly Step[] {
  try {
    return operation.step(model, request, moment, told, hindsight);
  } catch (error) {
    if (error instanceof CommandRefused) return [{ reply: { kind: "error", message: error.message } }];
    throw error;
  }
}

function take(model: ModelState, steps: readonly Step[], options: RunOptions): readonly Outcome[] {
  // The first step has the state itself and the others have copies, which are made before it changes.
  const states = steps.map((_, index) => (index === 0 ? model : options.fork(model)));
  return steps.map((step, index) => {
    const state = states[index] as ModelState;
    step.apply?.(state);
    return { model: state };
  });
}

function expectedText(step: Step): string {
  return describeExpected(step.reply satisfies ExpectedReply);
}
