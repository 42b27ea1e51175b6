/**
 * Crash states: what is on the disk when the power goes at one point of a recording and these operations survived.
 *
 *     journal ──▶ timeline ──▶ for each crash point ──▶ for each disk model ──▶ for each survivor set ──▶ crash state
 *
 * A state is a list of paths and, for each file, the version of it that survived. Its *signature* is just that. Equal
 * signatures in one recording mean equal bytes, so one recovery serves them all; but every point at which a signature
 * occurs is judged against its own history, because what was promised by then differs (S5).
 */
import type { Random } from "../random.ts";
import type { CrashPoint } from "./crash-points.ts";
import type { CommitRule, DiskModel, Reading } from "./disk-model.ts";
import type { FileView } from "./file-content.ts";
import type { FileTrack, FileVersion } from "./file-track.ts";
import type { Image, ImageNode } from "./image.ts";
import type { Entry, Listing } from "./names.ts";
import { sceneOf } from "./survivors/scene.ts";
import { survivorSets } from "./survivors/survivor-sets.ts";
import type { OrderedSurvivors, Survivors } from "./survivors/survivors.ts";
import { Frontier, type Timeline } from "./timeline.ts";

export interface CrashState {
  readonly point: CrashPoint;
  /** With the recording it is all that is needed to have this state again: `survivorsToText` writes it down. */
  readonly survivors: Survivors;
  /** Those that admit it, of the ones that were asked for. */
  readonly models: readonly DiskModel[];
  /** Within one recording: the same files with the same bytes. */
  readonly signature: string;
  /** Files and folders that can be reached, by path. */
  readonly entries: readonly Entry[];
  readonly files: readonly SurvivingFile[];
  image(): Image;
}

export interface SurvivingFile {
  readonly path: string;
  readonly inode: number;
  readonly sizeBytes: number;
  /** Its bytes are the beginning of those that were written to it, without a hole: what an index may answer for (J1). */
  readonly isPrefix: boolean;
  view(): FileView;
}

export interface Exploration {
  readonly models: readonly DiskModel[];
  readonly random: Random;
  /** For each point and model: all survivor sets up to so many, a sample of so many beyond. */
  readonly setsMax: number;
}

/** All states that are tried at these points, in the order of the points. Each state of a point comes once. */
export function* crashStates(
  timeline: Timeline,
  points: Iterable<CrashPoint>,
  { models, random, setsMax }: Exploration,
): Generator<CrashState> {
  const asked = models.map((model) => ({ model, draw: { random: random.fork(model.name), setsMax } }));
  const frontiers = frontiersOf(timeline, models);
  for (const point of points) {
    const states = new Map<string, LaidState>();
    for (const frontier of frontiers) {
      frontier.moveTo(point.index);
      for (const reading of readingsAt(timeline, point.index)) {
        const scene = sceneOf(frontier, reading);
        for (const { model, draw } of asked) {
          if (model.commits !== frontier.rule || !model.readings.includes(reading)) continue;
          for (const survivors of survivorSets(model, scene, draw)) {
            const state = new LaidState(frontier, point, survivors);
            const known = states.get(state.signature);
            if (known === undefined) states.set(state.signature, state.admittedBy(model));
            else known.admittedBy(model);
          }
        }
      }
    }
    yield* states.values();
  }
}

/** One state of a recording again. */
export function crashStateAt(
  timeline: Timeline,
  point: CrashPoint,
  survivors: Survivors,
  model: DiskModel,
): CrashState {
  const frontier = new Frontier(timeline, survivors.commits);
  frontier.moveTo(point.index);
  return new LaidState(frontier, point, survivors).admittedBy(model);
}

function frontiersOf(timeline: Timeline, models: readonly DiskModel[]): Frontier[] {
  const rules = new Set<CommitRule>(models.map((model) => model.commits));
  return [...rules].map((rule) => new Frontier(timeline, rule));
}

const bothReadings: readonly Reading[] = ["new", "old"];
const oneReading: readonly Reading[] = ["new"];

const readingsAt = (timeline: Timeline, pointIndex: number) =>
  timeline.hasOldReading(pointIndex) ? bothReadings : oneReading;

class LaidState implements CrashState {
  readonly point: CrashPoint;
  readonly survivors: Survivors;
  readonly models: DiskModel[] = [];
  readonly signature: string;
  readonly #listing: Listing;
  readonly #tracks: FileTrack[] = [];
  readonly #versions: FileVersion[] = [];

  constructor(frontier: Frontier, point: CrashPoint, survivors: Survivors) {
    this.point = point;
    this.survivors = survivors;
    this.#listing = frontier.timeline.names.listing(
      survivors.commits === "any-sync"
        ? frontier.namesBefore(survivors.metadataTo)
        : frontier.namesWith(new Set(survivors.names)),
    );
    let signature = `${this.#listing.id}`;
    for (const { inode, kind } of this.#listing.entries) {
      if (kind !== "file") continue;
      const track = frontier.timeline.track(inode, point.index, survivors.reading);
      const version = versionOf(track, frontier, survivors);
      this.#tracks.push(track);
      this.#versions.push(version);
      signature += ` ${track.key(version)}`;
    }
    this.signature = signature;
  }

  admittedBy(model: DiskModel): this {
    if (!this.models.includes(model)) this.models.push(model);
    return this;
  }

  get entries(): readonly Entry[] {
    return this.#listing.entries;
  }

  get files(): readonly SurvivingFile[] {
    let at = 0;
    return this.entries.flatMap(({ path, inode, kind }) => {
      if (kind !== "file") return [];
      const track = this.#tracks[at] as FileTrack;
      const version = this.#versions[at++] as FileVersion;
      const sizeBytes = track.sizeOf(version);
      return { path, inode, sizeBytes, isPrefix: track.isPrefix(version), view: () => track.view(version) };
    });
  }

  image(): Image {
    const files = new Map(this.files.map((file) => [file.path, new ImageFile(file)]));
    const image = new Map<string, ImageNode>();
    for (const { path, kind } of this.entries) {
      const file = files.get(path);
      if (file !== undefined) image.set(path, file);
      else if (kind === "directory") image.set(path, { kind });
    }
    return image;
  }
}

/** The bytes are put together when somebody asks for them. */
class ImageFile {
  readonly kind = "file";
  readonly #file: SurvivingFile;

  constructor(file: SurvivingFile) {
    this.#file = file;
  }

  get bytes(): Uint8Array {
    return this.view().read(0, this.#file.sizeBytes);
  }

  view(): FileView {
    return this.#file.view();
  }
}

// ── What of a file survives ───────────────────────────────────────────────────────────────────────────────────────

function versionOf(track: FileTrack, frontier: Frontier, survivors: Survivors): FileVersion {
  const count = track.countBefore(frontier.pointIndex);
  const syncedTo = frontier.syncedTo(track.inode);
  if (count === 0 || (track.indexes[count - 1] as number) < syncedTo) return { upTo: count };
  if (survivors.commits === "any-sync") return orderedVersion(track, count, syncedTo, frontier, survivors);
  return { upTo: survivors.data ? count : track.countBefore(syncedTo) };
}

function orderedVersion(
  track: FileTrack,
  count: number,
  syncedTo: number,
  frontier: Frontier,
  { metadataTo, writesTo, files, tornTo, sizes, olderPages }: OrderedSurvivors,
): FileVersion {
  const countTo = (recordIndex: number) => Math.min(count, track.countBefore(Math.max(syncedTo, recordIndex)));
  const cut = files?.get(track.inode) ?? writesTo;
  const upTo = countTo(cut);
  const sizesTo = sizes ? Math.max(upTo, countTo(metadataTo)) : upTo;
  const resizesTo = countTo(Math.max(metadataTo, frontier.metadataTo));
  const older = olderPages && olderPagesOf(track, countTo(0), upTo, olderPages);
  return {
    upTo,
    ...(tornTo !== undefined && upTo < count && track.indexes[upTo] === writesTo && { tornTo }),
    ...(sizesTo > upTo && { sizesTo }),
    ...(track.resizesBetween(sizesTo, resizesTo).length > 0 && { resizesTo }),
    ...(older !== undefined && older.length > 0 && { olderPages: older }),
  };
}

function olderPagesOf(
  track: FileTrack,
  durable: number,
  upTo: number,
  olderPages: NonNullable<OrderedSurvivors["olderPages"]>,
): NonNullable<FileVersion["olderPages"]> {
  return olderPages.flatMap(({ inode, page, to }) => {
    if (inode !== track.inode) return [];
    // Counted by the writes to this page alone, so that the same bytes have one name.
    const survived = Math.max(durable, track.countBefore(to));
    const firstLost = track.nextOnPage(page, survived, upTo);
    return firstLost === undefined ? [] : [{ page, upTo: firstLost }];
  });
}
