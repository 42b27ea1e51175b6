/**
 * A snapshot that the server writes itself, while nothing else happens: SAVE, the base of a log that begins, the last
 * save before the end. It needs no frozen view, so it can be taken while a saver is at work on one.
 */
import { SegmentBytes } from "./codec/segments.ts";
import type { Keyspace } from "./keyspace/keyspace.ts";
import { type SavedFile, SaveWork } from "./saver.ts";
import type { SnapshotForm } from "./snapshot-form.ts";
import type { Value } from "./types/value.ts";
import type { Disk, SaveJob } from "./world/world.ts";

const pieceBytes = 256 * 1024;

/**
 * Writes all keys into a temporary file of this process. Yields after every key, and must be driven to its end before
 * any key changes; ended early, it leaves no file.
 * @throws DiskError; no file is left then
 */
export function* writeWholeSnapshot(
  keyspace: Keyspace,
  form: SnapshotForm,
  job: SaveJob,
  disk: Disk,
  pid: number,
): Generator<undefined, SavedFile, undefined> {
  const work = new SaveWork(job, disk, pid);
  let saved: SavedFile | undefined;
  try {
    const out = new SegmentBytes(job.compress);
    form.begin(out);
    for (const { table, index } of keyspace.databases) {
      if (table.size === 0) continue;
      form.database(out, index, table.size, table.expiresCount);
      for (let slot = 0; slot < table.end; slot++) {
        const key = table.keys[slot];
        if (key === undefined) continue;
        form.key(out, key, table.values[slot] as Value, table.deadlines.at(slot));
        if (out.size >= pieceBytes) work.feed(out.take());
        yield;
      }
    }
    form.end(out);
    out.end();
    work.feed(out.take());
    saved = work.finish();
    return saved;
  } finally {
    if (saved === undefined) work.abandon();
  }
}
