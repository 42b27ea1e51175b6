/**
 * Why a state cannot be explained: one contradiction of each kind that is there, each with the smallest evidence.
 */
import type { StampNs } from "../recording/stamp.ts";
import { type Contradiction, type ContradictionKind, laws } from "./contradiction.ts";
import { describeCall, describeEntry, describeKey, describeText } from "./describe.ts";
import { diagnoseLane } from "./diagnose-lane.ts";
import { type Cut, type Explanation, greatestCut, type LanePlace } from "./explain.ts";
import { absent, type Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { LaneReading, Reading } from "./reading.ts";
import { checkSharedLog, findGap } from "./shared-log.ts";

const strangersShownMax = 4;

/** Empty when the state is explained. */
export function findContradictions(lanes: Lanes, explanation: Explanation, endNs: StampNs): readonly Contradiction[] {
  const { reading } = explanation;
  const found: Contradiction[] = [];
  if (reading.strangers.length > 0) found.push(strangersIn(reading));
  for (const log of reading.logs) found.push(...[checkSharedLog(log)].filter((fault) => fault !== undefined));
  for (const [index, lane] of lanes.lanes.entries()) {
    if (isExplained(explanation, lane, index, endNs)) continue;
    const diagnosis = diagnoseLane(lane, reading.lanes[index] as LaneReading, reading.served, endNs);
    found.push(gapBehind(diagnosis, reading, index) ?? diagnosis);
  }
  if (found.length === 0) {
    const cut = greatestCut(lanes, explanation, endNs);
    if (cut.kind === "disordered") found.push(disorder(lanes, cut));
  }
  return oneOfEachKind(withoutTornByHoles(found));
}

/**
 * A value that nothing explains, for more is missing than a search finds: of a log it can be seen without one, for each
 * element tells which call it is of.
 */
function gapBehind({ kind, keys }: Contradiction, { logs }: Reading, client: number): Contradiction | undefined {
  if (kind !== "wrong-value") return undefined;
  const log = logs.find(({ database, key }) =>
    keys.every((wrong) => wrong.database === database && wrong.key === describeText(key)),
  );
  return log === undefined ? undefined : findGap(log, client);
}

/** A hole takes calls out of the middle, and what is left of a lane may then look like half a call: it is one cause. */
function withoutTornByHoles(found: readonly Contradiction[]): readonly Contradiction[] {
  const hasHole = found.some(({ kind }) => kind === "hole");
  return hasHole ? found.filter(({ kind }) => kind !== "half-transaction") : found;
}

function isExplained({ lengths }: Explanation, lane: Lane, index: number, endNs: StampNs): boolean {
  const shortest = lengths[index]?.[0];
  return shortest !== undefined && shortest <= lane.lengthAt(endNs);
}

function strangersIn({ strangers, served }: Reading): Contradiction {
  const names = strangers.slice(0, strangersShownMax);
  const more = strangers.length > names.length ? ` and ${strangers.length - names.length} more` : "";
  const verb = strangers.length === 1 ? "is" : "are";
  return {
    kind: "phantom",
    trait: "key",
    message: `${names.map(describeKey).join(", ")}${more} ${verb} there, and nobody ever wrote such a key`,
    calls: [],
    keys: names.map(({ database, key }) => ({
      database,
      key: describeText(key),
      expected: describeEntry(undefined),
      recovered: describeEntry(served.state.get(database)?.get(key)),
    })),
    laws: [laws.authorship],
  };
}

function disorder(lanes: Lanes, cut: Extract<Cut, { kind: "disordered" }>): Contradiction {
  const lost = elementAt(lanes, cut.lost);
  const kept = elementAt(lanes, cut.kept);
  const effect = effectOf(lanes.lanes[cut.lost.lane] as Lane, cut.lost.index);
  const { kind, trait, outcome } = namesOfLoss[effect];
  return {
    kind,
    trait,
    message: `client ${lost.client}'s ${describeCall(lost.call)} was over before client ${kept.client} sent ${describeCall(kept.call)}, which was kept, and ${outcome}`,
    calls: [
      { record: lost, fate: "lost" },
      { record: kept, fate: "kept" },
    ],
    keys: [],
    laws: [laws.realTime],
  };
}

function elementAt(lanes: Lanes, { lane, index }: LanePlace) {
  return (lanes.lanes[lane] as Lane).elementAt(index).record;
}

type Effect = "removes" | "sets deadlines" | "writes";

const namesOfLoss = {
  removes: { kind: "resurrection", trait: "calls of two clients", outcome: "what it removed is back" },
  "sets deadlines": { kind: "wrong-value", trait: "deadline", outcome: "the deadline that it set is lost" },
  writes: { kind: "hole", trait: "calls of two clients", outcome: "it is lost" },
} as const;

/** What the element did to the keys that it changed, if it was the same to all of them. */
function effectOf(lane: Lane, index: number): Effect {
  const { nodes, changes, versions } = lane.unfolded;
  const node = nodes.length.indexOf(index + 1);
  const [first, end] = [nodes.firstChange[node] as number, nodes.firstChange[node + 1] as number];
  const changed = Array.from({ length: end - first }, (_, place) => ({
    before: changes.before[first + place] as number,
    after: changes.after[first + place] as number,
  }));
  if (changed.length === 0) return "writes";
  if (changed.every(({ after }) => after === absent)) return "removes";
  const sameValue = ({ before, after }: { readonly before: number; readonly after: number }) =>
    versions.digestA[before] === versions.digestA[after] && versions.digestB[before] === versions.digestB[after];
  return changed.every(sameValue) ? "sets deadlines" : "writes";
}

/** The first of each kind: a power cut that tears a hole tears it into every client's keys. */
function oneOfEachKind(found: readonly Contradiction[]): Contradiction[] {
  const first = new Map<ContradictionKind, Contradiction>();
  for (const contradiction of found) {
    if (!first.has(contradiction.kind)) first.set(contradiction.kind, contradiction);
  }
  return [...first.values()];
}
