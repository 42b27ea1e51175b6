/**
 * In which order the crash states of a recording are tried, when there is not the time to boot them all.
 *
 * States that differ in kind are few, states that differ in degree are many: a log that is 400 or 410 records long, at a
 * quiet moment. So states are sorted into strata by what sets them apart in kind, and the strata take turns. What is rare
 * is all tried, what is common is sampled, evenly over time.
 *
 *     place             what became of the files                               states
 *     rewrite:two-logs  older log cut, newest log whole                             3    all of them
 *     rewrite:two-logs  newest log cut                                            212    a sample
 *     load              newest log cut                                         14,800    a sample
 *
 * Uniform sampling of 40 points missed two of the findings that this order meets within the first hundred boots.
 */
import type { CrashState, SurvivingFile } from "../disk/crash-states.ts";
import type { Timeline } from "../disk/timeline.ts";
import type { Random } from "../random.ts";

/** What sets a state apart in kind from what the store really had at that moment. */
export function kindOf(state: CrashState, timeline: Timeline): string {
  const { index } = state.point;
  const { names } = timeline;
  const live = names.listing(names.version(names.countBefore(index)));
  const missing = live.entries.filter(
    ({ path, inode }) => !state.entries.some((e) => e.path === path && e.inode === inode),
  );
  const extra = state.entries.filter(
    ({ path, inode }) => !live.entries.some((e) => e.path === path && e.inode === inode),
  );
  const ranks = ranksOf(state.files.map(({ path }) => path));
  const files = state.files.flatMap((file) => {
    const what = becameOf(file, timeline, index);
    return what === "whole" ? [] : [`${ranks.get(file.path)} ${what}`];
  });
  return [
    ...files.sort(),
    ...missing.map(({ path }) => `${classOf(path)} gone`),
    ...extra.map(({ path }) => `${classOf(path)} back`),
  ].join(", ");
}

function becameOf(file: SurvivingFile, timeline: Timeline, index: number): string {
  if (!file.isPrefix) return "spoilt";
  const track = timeline.track(file.inode, index, "new");
  const liveBytes = track.sizeOf({ upTo: track.countBefore(index) });
  if (file.sizeBytes === liveBytes) return "whole";
  if (file.sizeBytes === 0) return "empty";
  return file.sizeBytes > liveBytes ? "longer" : "cut";
}

/** Process ids and sequence numbers differ between runs; that there is a number does not. */
function classOf(path: string): string {
  return path.replace(/\d+/g, "#");
}

/** Of several files of a class the newest is told from the older ones: a log that is cut may only be the last. */
function ranksOf(paths: readonly string[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const path of paths) {
    const before = newest.get(classOf(path));
    if (before === undefined || before.localeCompare(path, "en", { numeric: true }) < 0)
      newest.set(classOf(path), path);
  }
  return new Map(
    paths.map((path) => [path, `${newest.get(classOf(path)) === path ? "newest" : "older"} ${classOf(path)}`]),
  );
}

/** Strata take turns, those with few members first; within a stratum the order is drawn. */
export function* inTurns<T>(strata: ReadonlyMap<string, readonly T[]>, random: Random): Generator<T> {
  const rows = [...strata.entries()]
    .sort(([nameA, a], [nameB, b]) => a.length - b.length || (nameA < nameB ? -1 : 1))
    .map(([, members]) => random.shuffled(members));
  for (let round = 0; rows.some((row) => row.length > round); round++) {
    for (const row of rows) {
      const member = row[round];
      if (member !== undefined) yield member;
    }
  }
}
