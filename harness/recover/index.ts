/**
 * The index (see state-index.ts): what a store of Redis's kind would serve on a crash state, looked up in the log that it
 * really wrote.
 *
 *     state ─▶ manifest: which version? whole? ─▶ base: whole, and right at its position? ─▶ incr files: whole but the last
 *           ─▶ the last one: how many bytes? ─▶ how many units? ─▶ position of the live log ─▶ explanation
 *
 * It knows the loaders of Redis 7 and what descends from it, which are alike in all that it answers for. Of any other
 * store, without a log, and for all that is not exactly as above, it knows nothing.
 */
import type { CrashState, SurvivingFile } from "../disk/crash-states.ts";
import type { LengthRanges } from "../oracle/explain.ts";
import type { Lanes } from "../oracle/lanes.ts";
import type { History } from "../recording/history.ts";
import { lastValue } from "../targets/config-file.ts";
import { LiveLog, type LogPlace } from "./live-log.ts";
import { OddFile } from "./parse.ts";
import type { IndexOrder, MakeStateIndex, StateIndex, WrittenUnit } from "./state-index.ts";

const knownStores: ReadonlySet<string> = new Set(["redis-server", "valkey-server", "lossbound-server"]);

/** A deadline that is nearer than this after the run may have passed when a store is started on its files. */
const farMs = 366 * 86_400_000;

export const makeStateIndex: MakeStateIndex = ({ timeline, lanes, config, store, recording }: IndexOrder) => {
  const keepsLog = lastValue(config, "appendonly") === "yes";
  if (!keepsLog || !knownStores.has(store.name)) return undefined;
  if (earliestDeadlineMs(lanes) < lastWallMs(recording.history) + farMs) return undefined;
  const folder = lastValue(config, "appenddirname") ?? "appendonlydir";
  const place = {
    folder,
    manifestPath: `${folder}/${lastValue(config, "appendfilename") ?? "appendonly.aof"}.manifest`,
  };
  try {
    const log = new LiveLog(timeline, lanes, place);
    return new LogIndex(log, place, lastValue(config, "aof-load-truncated") !== "no");
  } catch (error) {
    if (error instanceof OddFile) return undefined;
    throw error;
  }
};

class LogIndex implements StateIndex {
  private readonly log: LiveLog;
  private readonly place: LogPlace;
  private readonly cutsTornTails: boolean;

  constructor(log: LiveLog, place: LogPlace, cutsTornTails: boolean) {
    this.log = log;
    this.place = place;
    this.cutsTornTails = cutsTornTails;
  }

  explain(state: CrashState): readonly LengthRanges[] | undefined {
    if (!this.log.knowsUpTo(state.point.interval.endNs)) return undefined;
    const position = this.positionOf(new Map(state.files.map((file) => [file.path, file])));
    return position === undefined ? undefined : this.log.explanationAt(position);
  }

  units(): Iterable<WrittenUnit> {
    return this.log.units();
  }

  private positionOf(files: ReadonlyMap<string, SurvivingFile>): number | undefined {
    const { log, place } = this;
    const manifest = files.get(place.manifestPath);
    if (manifest?.isPrefix !== true) return undefined;
    const listed = log.listedBy(manifest.inode, manifest.sizeBytes);
    if (listed?.base === undefined) return undefined;
    const fileOf = (name: string) => {
      const file = files.get(`${place.folder}/${name}`);
      return file?.isPrefix === true ? file : undefined;
    };
    const base = fileOf(listed.base);
    const incrs = listed.incrs.map(fileOf);
    let position = incrs[0] && log.firstPositionOf(incrs[0].inode);
    if (base === undefined || position === undefined) return undefined;
    if (!log.isBaseAt(base.inode, base.sizeBytes, position)) return undefined;
    for (const [index, incr] of incrs.entries()) {
      if (incr === undefined || log.firstPositionOf(incr.inode) !== position) return undefined;
      position = index < incrs.length - 1 ? log.lastPositionOf(incr.inode, incr.sizeBytes) : this.positionIn(incr);
    }
    return position;
  }

  private positionIn({ inode, sizeBytes }: SurvivingFile): number | undefined {
    const within = this.log.positionWithin(inode, sizeBytes);
    if (within === undefined || (within.isTorn && !this.cutsTornTails)) return undefined;
    // What is left of half a transaction, and what becomes of it at the next start, differs from loader to loader.
    return within.isInTransaction ? undefined : within.position;
  }
}

function earliestDeadlineMs({ lanes }: Lanes): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { unfolded } of lanes) {
    for (const ms of unfolded.versions.earliestMs) if (ms < earliest) earliest = ms;
  }
  return earliest;
}

function lastWallMs({ clients }: History): number {
  let last = 0;
  for (const sequence of clients) for (const { invokedWallMs } of sequence) last = Math.max(last, invokedWallMs);
  return last;
}
