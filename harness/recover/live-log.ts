/**
 * The log that a store really wrote, over all its files, and for every position in it which prefixes of the history
 * explain what a loader would serve there:
 *
 *     base 1 │ incr 1: u u u u │ incr 2: u u u …          units
 *            0        1 2 3 4  4         5 6 7            positions: behind so many units of the live log
 *     base 2                   └ read, and held against the state at its own position: equal, or it is never relied on
 *
 * What the store wrote is replayed once, as its loader would; the lanes' explanations walk along. Where something is odd
 * (a file that was not only appended to, a record that no operation describes, a key that no client wrote) the log ends
 * for this purpose, and what lies beyond is booted.
 */
import type { Timeline } from "../disk/timeline.ts";
import { OpenChoice } from "../operations/choices.ts";
import { emptyModel } from "../operations/model.ts";
import { ModelState } from "../operations/model-state.ts";
import { CommandRefused } from "../operations/operation.ts";
import { UnknownCommand } from "../operations/operations.ts";
import type { LengthRanges } from "../oracle/explain.ts";
import { LaneWalk } from "../oracle/lane-walk.ts";
import type { Lanes } from "../oracle/lanes.ts";
import { nobody } from "../oracle/ownership.ts";
import type { Bytes, Request } from "../recording/history.ts";
import type { StampNs } from "../recording/stamp.ts";
import { applyRecord } from "./log-record.ts";
import { baseRequests, batchEndsIn, type ListedFiles, OddFile, parseManifest, unitsOf } from "./parse.ts";
import type { WrittenUnit } from "./state-index.ts";

/** Where the files of a log are, relative to the volume. */
export interface LogPlace {
  readonly folder: string;
  readonly manifestPath: string;
}

interface LogFile {
  readonly sizeBytes: number;
  /** Of the live log: before its first unit. */
  readonly firstPosition: number;
  /** Offsets behind its units, rising. */
  readonly ends: readonly number[];
  /** Numbers of those that are transactions, counted from 0 in this file. */
  readonly transactions: ReadonlySet<number>;
  /** Where a loader may stop, if not behind any unit: it takes a batch as a whole or not at all. */
  readonly batchEnds: readonly number[] | undefined;
}

interface PlaceWithin {
  readonly position: number;
  readonly isTorn: boolean;
  /** It ends between a MULTI and its EXEC. */
  readonly isInTransaction: boolean;
}

export class LiveLog {
  /** By inode: versions of the manifest that are whole. */
  private readonly manifests = new Map<number, { readonly files: ListedFiles; readonly sizeBytes: number }>();
  private readonly incrs = new Map<number, LogFile>();
  /** By inode of a base: the positions at which it holds what the live log had made. */
  private readonly bases = new Map<number, { readonly sizeBytes: number; readonly positions: Set<number> }>();
  /** By position, in the order of the lanes. */
  private readonly explanations: LengthRanges[][] = [];
  private readonly knownUpToNs: StampNs;

  /** @throws OddFile when not even its beginning can be read */
  constructor(timeline: Timeline, lanes: Lanes, place: LogPlace) {
    const files = new RecordedFiles(timeline);
    for (const inode of files.bearersOf(place.manifestPath)) {
      const bytes = files.appended(inode);
      if (bytes !== undefined) this.manifests.set(inode, { files: parseManifest(bytes), sizeBytes: bytes.length });
    }
    const replay = new Replay(lanes);
    this.knownUpToNs = replay.knownUpToNs();
    this.walk(files, place, replay);
  }

  /** What such a version of the manifest lists; undefined when it is not whole. */
  listedBy(inode: number, sizeBytes: number): ListedFiles | undefined {
    const manifest = this.manifests.get(inode);
    return manifest?.sizeBytes === sizeBytes ? manifest.files : undefined;
  }

  isBaseAt(inode: number, sizeBytes: number, position: number): boolean {
    const base = this.bases.get(inode);
    return base !== undefined && base.sizeBytes === sizeBytes && base.positions.has(position);
  }

  firstPositionOf(inode: number): number | undefined {
    return this.incrs.get(inode)?.firstPosition;
  }

  /** Behind a file that is whole. */
  lastPositionOf(inode: number, sizeBytes: number): number | undefined {
    const file = this.incrs.get(inode);
    return file?.sizeBytes === sizeBytes ? file.firstPosition + file.ends.length : undefined;
  }

  /** Behind the last whole unit of the first so many bytes of a file. */
  positionWithin(inode: number, sizeBytes: number): PlaceWithin | undefined {
    const file = this.incrs.get(inode);
    if (file === undefined || sizeBytes > file.sizeBytes) return undefined;
    const batches = file.batchEnds && countUpTo(file.batchEnds, sizeBytes);
    // Without its first batch, which only names it, a file of batches is no torn one but a damaged one.
    if (batches === 0) return undefined;
    const believedBytes = batches === undefined ? sizeBytes : (file.batchEnds?.[batches - 1] as number);
    const units = countUpTo(file.ends, believedBytes);
    const end = units === 0 ? 0 : (file.ends[units - 1] as number);
    const isTorn = believedBytes < sizeBytes || (batches === undefined && end < sizeBytes);
    return {
      position: file.firstPosition + units,
      isTorn,
      isInTransaction: batches === undefined && isTorn && file.transactions.has(units),
    };
  }

  /** Whether all that may have run by then lies where the lanes are known. */
  knowsUpTo(stampNs: StampNs): boolean {
    return stampNs < this.knownUpToNs;
  }

  explanationAt(position: number): readonly LengthRanges[] | undefined {
    return this.explanations[position];
  }

  /** In the order of the log. In a file of batches a loader takes a unit when its batch is whole, and not before. */
  *units(): Generator<WrittenUnit> {
    for (const [inode, { ends, batchEnds, firstPosition }] of this.incrs) {
      for (const [at, end] of ends.entries()) {
        const endBytes = batchEnds === undefined ? end : batchEnds[countUpTo(batchEnds, end - 1)];
        if (endBytes === undefined) break;
        yield { inode, endBytes, lengths: this.explanations[firstPosition + at + 1] as readonly LengthRanges[] };
      }
    }
  }

  private walk(files: RecordedFiles, place: LogPlace, replay: Replay): void {
    const versions = [...this.manifests.values()].map((version) => version.files);
    const pathOf = (name: string) => `${place.folder}/${name}`;
    const first = versions[0];
    if (first === undefined) throw new OddFile("there is no manifest");
    const bases = [
      ...new Set(versions.flatMap(({ base, incrs }) => (base && incrs[0] ? [`${base}\n${incrs[0]}`] : []))),
    ]
      .map((pair) => pair.split("\n") as [base: string, incr: string])
      .map(([base, incr]) => ({ inode: files.onlyBearerOf(pathOf(base)), path: pathOf(base), incr }));
    const ofFirst = bases.find(({ path }) => first.base !== undefined && path === pathOf(first.base));
    if (ofFirst?.inode !== undefined) replay.run(baseRequests(files.appendedOrOdd(ofFirst.inode), ofFirst.path));
    this.explanations.push(replay.explanation());
    for (const name of new Set(versions.flatMap(({ incrs }) => incrs))) {
      for (const base of bases) {
        if (base.incr === name && base.inode !== undefined) this.holdAgainst(replay, base.inode, base.path, files);
      }
      if (!this.walkFile(files.onlyBearerOf(pathOf(name)), files, replay)) return;
    }
  }

  /** False: the log goes on in a way that nobody here can follow. */
  private walkFile(inode: number | undefined, files: RecordedFiles, replay: Replay): boolean {
    const bytes = inode === undefined ? undefined : files.appended(inode);
    if (inode === undefined || bytes === undefined) return false;
    const firstPosition = this.explanations.length - 1;
    const ends: number[] = [];
    const transactions = new Set<number>();
    let isFollowed = false;
    try {
      replay.beginFile();
      for (const { requests, end, isTransaction } of unitsOf(bytes)) {
        if (isTransaction) transactions.add(ends.length);
        replay.run(requests);
        this.explanations.push(replay.explanation());
        ends.push(end);
      }
      isFollowed = true;
    } catch (error) {
      if (!isOdd(error)) throw error;
    }
    this.incrs.set(inode, {
      sizeBytes: isFollowed ? bytes.length : (ends.at(-1) ?? 0),
      firstPosition,
      ends,
      transactions,
      batchEnds: batchEndsIn(bytes),
    });
    return isFollowed;
  }

  /** J1: a base counts only when it holds what the log had made by then. */
  private holdAgainst(replay: Replay, inode: number, path: string, files: RecordedFiles): void {
    const bytes = files.appended(inode);
    if (bytes === undefined) return;
    const position = this.explanations.length - 1;
    try {
      if (!replay.holds(baseRequests(bytes, path))) return;
    } catch (error) {
      if (!isOdd(error)) throw error;
      return;
    }
    const known = this.bases.get(inode) ?? { sizeBytes: bytes.length, positions: new Set<number>() };
    known.positions.add(position);
    this.bases.set(inode, known);
  }
}

function isOdd(error: unknown): boolean {
  return (
    error instanceof OddFile ||
    error instanceof UnknownCommand ||
    error instanceof CommandRefused ||
    error instanceof OpenChoice
  );
}

// ── Replay ────────────────────────────────────────────────────────────────────────────────────────────────────────

class Replay {
  private readonly lanes: Lanes;
  private readonly walks: readonly LaneWalk[];
  private readonly touched: { readonly database: number; readonly key: Bytes }[] = [];
  private readonly state = new ModelState(emptyModel, (database, key) => this.touched.push({ database, key }));

  /** By client: of the logs that several append to, its own elements. */
  private readonly parts: readonly ModelState[];

  constructor(lanes: Lanes) {
    this.lanes = lanes;
    this.walks = lanes.lanes.map((lane) => new LaneWalk(lane));
    this.parts = lanes.lanes.map(() => new ModelState(emptyModel, () => undefined));
  }

  /** When the first call was invoked that a lane cannot be followed over without knowing what came back. */
  knownUpToNs(): StampNs {
    const stamps = this.walks.map(({ knownLength }, index) => this.lanes.lanes[index]?.invokedNs[knownLength]);
    return Math.min(...stamps.map((stamp) => stamp ?? Number.POSITIVE_INFINITY));
  }

  /** Every file begins with database 0. */
  beginFile(): void {
    this.state.database = 0;
  }

  run(requests: readonly Request[]): void {
    for (const request of requests) {
      applyRecord(this.state, request);
      this.appendToParts(request);
    }
    this.explainTouched();
  }

  explanation(): LengthRanges[] {
    return this.walks.map((walk) => walk.lengths());
  }

  /** Whether these requests, from nothing, make what the log has made. */
  holds(requests: readonly Request[]): boolean {
    const other = new ModelState(emptyModel, () => undefined);
    for (const request of requests) applyRecord(other, request);
    let left = 0;
    for (const [database, key, { value, deadline }] of other.keys()) {
      const own = this.state.entry(key, database);
      if (own === undefined || own.deadline?.earliestMs !== deadline?.earliestMs) return false;
      if (own.value.digestA() !== value.digestA() || own.value.digestB() !== value.digestB()) return false;
      left++;
    }
    for (const _ of this.state.keys()) left--;
    return left === 0;
  }

  /** A log that several clients append to is, for each of them, what that client appended. */
  private appendToParts(request: Request): void {
    const [name = "", key = "", ...elements] = request;
    const shared = this.lanes.ownership.sharedLogs.get(key);
    if (shared === undefined) return;
    if (name !== "RPUSH" && name !== "APPEND") throw new OddFile(`a log that clients share is changed by ${name}`);
    const { database } = this.state;
    for (const element of elements) {
      const client = shared.elements.get(element)?.record.client;
      const part = client === undefined ? undefined : this.parts[client];
      const id = this.lanes.lanes[client ?? -1]?.unfolded.keys.find(database, key);
      if (client === undefined || part === undefined || id === undefined) {
        throw new OddFile(`nobody appended ${JSON.stringify(element)}`);
      }
      part.database = database;
      applyRecord(part, [name, key, element]);
      this.walks[client]?.set(id, part.entry(key, database));
    }
  }

  private explainTouched(): void {
    const { lanes, ownership } = this.lanes;
    for (const { database, key } of this.touched.splice(0)) {
      if (ownership.sharedLogs.has(key)) continue;
      const owner = ownership.ownerOf(key);
      const lane = owner === nobody ? lanes.length - 1 : owner;
      const id = lane === undefined ? undefined : lanes[lane]?.unfolded.keys.find(database, key);
      if (lane === undefined || id === undefined)
        throw new OddFile(`the log changes ${JSON.stringify(key)}, which no lane holds`);
      this.walks[lane]?.set(id, this.state.entry(key, database));
    }
  }
}

function countUpTo(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

// ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** All files that a recording ever knew, by the names they bore. */
class RecordedFiles {
  private readonly timeline: Timeline;
  private readonly bearers = new Map<string, Set<number>>();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    for (const record of timeline.journal.records) {
      if (record.kind !== "create" && record.kind !== "rename" && record.kind !== "link") continue;
      const inodes = this.bearers.get(record.path) ?? new Set<number>();
      this.bearers.set(record.path, inodes.add(record.inode));
    }
  }

  /** In the order in which they took the name. */
  bearersOf(path: string): Iterable<number> {
    return this.bearers.get(path) ?? [];
  }

  /** Undefined where nobody bore the name, or several did one after the other. */
  onlyBearerOf(path: string): number | undefined {
    const [inode, ...others] = this.bearersOf(path);
    return others.length > 0 ? undefined : inode;
  }

  /** All that was ever written to a file that was only appended to; undefined for another. */
  appended(inode: number): Uint8Array | undefined {
    const track = this.timeline.track(inode, this.timeline.journal.records.length, "new");
    const whole = { upTo: track.ops.length };
    if (!track.isAppended) return undefined;
    return track.view(whole).read(0, track.sizeOf(whole));
  }

  appendedOrOdd(inode: number): Uint8Array {
    const bytes = this.appended(inode);
    if (bytes === undefined) throw new OddFile("a file was changed in the middle");
    return bytes;
  }
}
