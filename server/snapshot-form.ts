/**
 * What a snapshot is written as: an RDB file, or the commands that build the data again. A frozen view walks the keys and
 * does not know which.
 */
import { formatRecord, formatStamp } from "./aof/record-buffer.ts";
import type { BytesOut } from "./codec/bytes-out.ts";
import type { Keyspace } from "./keyspace/keyspace.ts";
import { NEVER } from "./keyspace/slot-table.ts";
import { writtenVersionWithFieldDeadlines } from "./rdb/format.ts";
import {
  type RdbHead,
  writeDatabase,
  writeFrozenKey,
  writeFunction,
  writeKey,
  writeRdbEnd,
  writeRdbHead,
} from "./rdb/rdb-writer.ts";
import type { ServerLog } from "./server-log.ts";
import type { FrozenValue } from "./types/data-type.ts";
import { dataTypeOf } from "./types/data-types.ts";
import type { Value } from "./types/value.ts";
import { redisVersion } from "./version.ts";
import type { Clock, Process } from "./world/world.ts";

export interface SnapshotForm {
  begin(out: BytesOut): void;
  /** The next keys belong to this database. May come more than once for one; the counts are the same then. */
  database(out: BytesOut, index: number, keyCount: number, expiresCount: number): void;
  key(out: BytesOut, key: string, value: Value, deadlineMs: number): void;
  /** A key whose value is too large for one turn; pauses between slices. */
  frozenKey(out: BytesOut, key: string, value: FrozenValue, deadlineMs: number): Generator<undefined, void, undefined>;
  end(out: BytesOut): void;
}

/** What a snapshot of these keys says about itself. A version that older stores do not read is told in the log. */
export function headOf(
  keyspace: Keyspace,
  { clock, process, log }: { readonly clock: Clock; readonly process: Process; readonly log: ServerLog },
  { aofBase }: { readonly aofBase: boolean },
): RdbHead {
  const { hasExpiringFields: hasFieldDeadlines } = keyspace;
  if (hasFieldDeadlines) {
    log.notice(`RDB version ${writtenVersionWithFieldDeadlines} is written, for fields of hashes expire`);
  }
  return {
    version: redisVersion,
    wallMs: clock.wallMs(),
    usedMemoryBytes: process.memoryBytes(),
    aofBase,
    hasFieldDeadlines,
  };
}

/** `libraries`: of functions, whole sources. */
export function rdbForm(head: RdbHead, libraries: readonly string[]): SnapshotForm {
  return {
    begin(out) {
      writeRdbHead(out, head);
      for (const library of libraries) writeFunction(out, library);
    },
    database: writeDatabase,
    key: writeKey,
    frozenKey: writeFrozenKey,
    end: writeRdbEnd,
  };
}

const commandsPerSlice = 16;

/** `stampS`: when the first annotation says it was written; undefined: none. */
export function commandForm(stampS: number | undefined, libraries: readonly string[]): SnapshotForm {
  const write = (out: BytesOut, request: readonly string[]) => out.text(formatRecord(request));
  const writeDeadline = (out: BytesOut, key: string, deadlineMs: number) => {
    if (deadlineMs !== NEVER) write(out, ["PEXPIREAT", key, String(deadlineMs)]);
  };
  return {
    begin(out) {
      if (stampS !== undefined) out.text(formatStamp(stampS));
      for (const library of libraries) write(out, ["FUNCTION", "LOAD", library]);
    },
    database: (out, index) => write(out, ["SELECT", String(index)]),
    key(out, key, value, deadlineMs) {
      for (const request of dataTypeOf(value).rebuild(key, value)) write(out, request);
      writeDeadline(out, key, deadlineMs);
    },
    *frozenKey(out, key, value, deadlineMs) {
      let commands = 0;
      for (const request of value.rebuild(key)) {
        write(out, request);
        if (++commands % commandsPerSlice === 0) yield;
      }
      writeDeadline(out, key, deadlineMs);
    },
    // The end of the file is its end.
    end: () => undefined,
  };
}
