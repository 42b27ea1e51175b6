/**
 * Which stretch of the store's life each crash point lies in: read from the files that were there at that moment, as a
 * live kill reads it from those it left (`faults/windows.ts`). Names change rarely, so it is worked out once for each set
 * of names.
 *
 *     point    0 … 41    42 … 44                    45 … 77              78
 *     files    base incr base incr incr temp-….manifest  base incr incr  …
 *              load      rewrite:manifest-switch    rewrite:two-logs     rewrite:child-writes …
 *
 * A journal of blocks has no names. There it is learned from the files that were found after a cut, so a stretch is seen
 * only at the points that were tried, and as the disk had it by then.
 */
import type { CrashPoint } from "../disk/crash-points.ts";
import type { Image, ImageNode } from "../disk/image.ts";
import type { Entry } from "../disk/names.ts";
import type { Timeline } from "../disk/timeline.ts";
import { windowsIn } from "../faults/windows.ts";
import type { Interval } from "../recording/stamp.ts";

/** The most telling first: what a finding's place is, when several are open. */
const byWeight = [
  "rewrite:manifest-switch",
  "rewrite:rotation",
  "rewrite:two-logs",
  "rewrite:base-written",
  "rewrite:child-writes",
  "rewrite:history-left",
  "bgsave:child-writes",
  "switch-on",
];

export class Stretches {
  private readonly timeline: Timeline;
  private readonly known = new Map<string, readonly string[]>();
  /** By point: what the files told that were found there. */
  private readonly learned = new Map<number, readonly string[]>();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  learn({ index }: CrashPoint, windows: readonly string[]): void {
    this.learned.set(index, [...new Set([...(this.learned.get(index) ?? []), ...windows])]);
  }

  /** As `windowsIn` names them; empty when nothing was being replaced. */
  at({ index }: CrashPoint): readonly string[] {
    const learned = this.learned.get(index);
    if (learned !== undefined) return learned;
    const { names } = this.timeline;
    const listing = names.listing(names.version(names.countBefore(index)));
    const manifests = listing.entries.filter(({ path, kind }) => kind === "file" && path.endsWith(".manifest"));
    const key = [listing.id, ...manifests.map((entry) => this.writesTo(entry, index))].join(" ");
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const found = windowsIn(this.imageOf(listing.entries, index));
    this.known.set(key, found);
    return found;
  }

  /** When each was open, from the first to the last of neighbouring points that lie in it, and each sync. */
  openOver(points: readonly CrashPoint[]): { readonly name: string; readonly interval: Interval }[] {
    const intervals: { readonly name: string; readonly interval: Interval }[] = [];
    const openSince = new Map<string, number>();
    const close = (name: string, endNs: number) => {
      intervals.push({ name, interval: { startNs: openSince.get(name) as number, endNs } });
      openSince.delete(name);
    };
    for (const point of points) {
      const names = this.at(point);
      for (const name of [...openSince.keys()]) if (!names.includes(name)) close(name, point.interval.startNs);
      for (const name of names) if (!openSince.has(name)) openSince.set(name, point.interval.startNs);
    }
    const endNs = points.at(-1)?.interval.endNs ?? 0;
    for (const name of [...openSince.keys()]) close(name, endNs);
    return [...intervals, ...this.syncs(endNs)];
  }

  private *syncs(endNs: number): Generator<{ readonly name: string; readonly interval: Interval }> {
    const { records } = this.timeline.journal;
    const ends = new Map(records.flatMap((record) => (record.kind === "sync-end" ? [[record.start, record]] : [])));
    for (const [index, record] of records.entries()) {
      if (record.kind !== "sync-start") continue;
      yield { name: "sync", interval: { startNs: record.stampNs, endNs: ends.get(index)?.stampNs ?? endNs } };
    }
  }

  /** Class of place, for a fingerprint. */
  placeAt(point: CrashPoint): string {
    const open = this.at(point);
    return byWeight.find((name) => open.includes(name)) ?? open[0] ?? "load";
  }

  private writesTo({ inode }: Entry, index: number): number {
    return this.timeline.track(inode, index, "new").countBefore(index);
  }

  /** Names, and the bytes of manifests: nothing else tells of stretches. */
  private imageOf(entries: readonly Entry[], index: number): Image {
    const image = new Map<string, ImageNode>();
    for (const entry of entries) {
      if (entry.kind === "directory") image.set(entry.path, { kind: "directory" });
      if (entry.kind === "file") image.set(entry.path, { kind: "file", bytes: this.bytesOf(entry, index) });
    }
    return image;
  }

  private bytesOf(entry: Entry, index: number): Uint8Array {
    if (!entry.path.endsWith(".manifest")) return new Uint8Array();
    const track = this.timeline.track(entry.inode, index, "new");
    const view = track.view({ upTo: track.countBefore(index) });
    return view.read(0, view.sizeBytes);
  }
}
