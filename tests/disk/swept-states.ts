/** What the sweep finds at a point, in the words of `plain-states.ts`. */
import { crashPointAt } from "../../harness/disk/crash-points.ts";
import { type CrashState, crashStates } from "../../harness/disk/crash-states.ts";
import type { DiskModel } from "../../harness/disk/disk-model.ts";
import { Timeline } from "../../harness/disk/timeline.ts";
import { randomFrom } from "../../harness/random.ts";
import type { Journal } from "../../harness/recording/journal.ts";
import { type PlainTree, treeText } from "./plain-states.ts";

export const endNs = 1_000_000;

export function sweep(
  journal: Journal,
  pointIndexes: readonly number[],
  models: readonly DiskModel[],
  setsMax = Number.MAX_SAFE_INTEGER,
): CrashState[] {
  const points = pointIndexes.map((index) => crashPointAt(journal, index, endNs));
  return [...crashStates(new Timeline(journal), points, { models, random: randomFrom("sweep"), setsMax })];
}

export const stateText = (state: CrashState): string => treeText(treeOf(state));

export function treeOf(state: CrashState): PlainTree {
  const tree = new Map<string, string>();
  for (const [path, node] of state.image()) {
    if (node.kind === "directory") tree.set(`${path}/`, "");
    else tree.set(path, Buffer.from(node.bytes).toString("latin1"));
  }
  return new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function sweptStates(journal: Journal, pointIndex: number, model: DiskModel): Set<string> {
  return new Set(sweep(journal, [pointIndex], [model]).map(stateText));
}
