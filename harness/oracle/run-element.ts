/**
 * Runs one element of a lane on a model: a call of the client itself, or another client's call that changes everything.
 */
import type { ModelState } from "../operations/model-state.ts";
import type { Moment, Operation } from "../operations/operation.ts";
import { type Outcome, type RunOptions, runCall } from "../operations/run-call.ts";
import type { CallRecord, Request } from "../recording/history.ts";
import type { Element, LaneInput } from "./lane.ts";

/** A store reads its clock once a turn, so it may believe that it is this much earlier. */
const staleClockMs = 1_000;

/** A call without a reply was run, if at all, before the store died; the last record of the history says not when. */
const livedOnMsMax = 60_000;

export function runElement(
  model: ModelState,
  element: Element,
  input: LaneInput,
  fork: (model: ModelState) => ModelState,
): readonly Outcome[] {
  const { call, completed } = element.record;
  const options: RunOptions = {
    moment: momentOf(element.record, input.lastWallMs),
    fork,
    hindsight: input.hindsight,
    ignoresReply: (request: Request, operation: Operation) =>
      operation.changes === "everything" ? !element.own : operation.keys(request).some(input.isForeign),
  };
  if (element.database === undefined) return runCall(model, call, completed?.reply, options);
  // FLUSHDB empties the database in which its own client stands.
  const { database } = model;
  model.database = element.database;
  const outcomes = runCall(model, call, completed?.reply, options);
  for (const outcome of outcomes) outcome.model.database = database;
  return outcomes;
}

function momentOf(record: CallRecord, lastWallMs: number): Moment {
  return {
    earliestMs: record.invokedWallMs - staleClockMs,
    latestMs: record.completed === undefined ? lastWallMs + livedOnMsMax : record.completed.wallMs + 1,
  };
}
