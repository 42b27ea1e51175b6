/**
 * How far a group has come: how many of the entries ever added it has read, and how many it has yet to read (its lag).
 * Entries are counted, not numbered, so after XDEL the count at an id can often not be known; then nothing is said.
 */
import type { StreamValue } from "./stream.ts";
import type { StreamGroup } from "./stream-group.ts";
import { idMin, type StreamId } from "./stream-id.ts";

/** How many entries had been added when that one was, itself included; undefined: it cannot be told. */
export function entriesAddedUpTo(stream: StreamValue, id: StreamId): bigint | undefined {
  const { entriesAdded, length, lastId, firstId, maxDeletedId } = stream;
  if (entriesAdded === 0n) return 0n;
  if (length === 0 && id <= lastId) return entriesAdded;
  if (id === lastId) return entriesAdded;
  if (id > lastId) return undefined;
  const hasHoles = maxDeletedId !== idMin && maxDeletedId >= firstId;
  if (hasHoles || id > firstId) return undefined;
  const before = entriesAdded - BigInt(length);
  return id === firstId ? before + 1n : before;
}

/** The group was given the entry: its last id, and what it has read, go forward. */
export function advance(stream: StreamValue, group: StreamGroup, id: StreamId): void {
  if (group.entriesRead !== undefined && !hasHolesFrom(stream, id)) group.entriesRead++;
  else if (stream.entriesAdded > 0n) group.entriesRead = entriesAddedUpTo(stream, id);
  group.lastId = id;
}

/** Undefined: it cannot be told. */
export function lagOf(stream: StreamValue, group: StreamGroup): bigint | undefined {
  if (stream.entriesAdded === 0n) return 0n;
  const read =
    group.entriesRead !== undefined && !hasHolesFrom(stream, group.lastId)
      ? group.entriesRead
      : entriesAddedUpTo(stream, group.lastId);
  return read === undefined ? undefined : stream.entriesAdded - read;
}

/** Whether XDEL may have taken an entry away from there on. */
function hasHolesFrom({ length, firstId, maxDeletedId }: StreamValue, id: StreamId): boolean {
  return length > 0 && maxDeletedId !== idMin && firstId <= maxDeletedId && id <= maxDeletedId;
}
