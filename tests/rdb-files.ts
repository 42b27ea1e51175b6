/** RDB files in memory: a keyspace written, bytes loaded. */
import { type ByteSource, BytesIn } from "../server/codec/bytes-in.ts";
import type { Keyspace } from "../server/keyspace/keyspace.ts";
import { RdbLoad, type RdbLoadOptions } from "../server/rdb/rdb-load.ts";
import {
  RdbFileBytes,
  type RdbHead,
  writeDatabase,
  writeFrozenKey,
  writeFunction,
  writeKey,
  writeRdbEnd,
  writeRdbHead,
} from "../server/rdb/rdb-writer.ts";
import { dataTypeOf } from "../server/types/data-types.ts";
import { defaultEncodingLimits } from "../server/types/encoding-limits.ts";
import type { Value } from "../server/types/value.ts";
import { emptyKeyspace } from "./arbitrary-keyspace.ts";

export interface WriteOptions {
  readonly compress?: boolean;
  readonly checksum?: boolean;
  /** Every value is frozen and written in slices, as those are that are too large for one turn. */
  readonly frozen?: boolean;
  /** Libraries of functions. */
  readonly functions?: readonly string[];
}

export const testHead: RdbHead = {
  version: "7.0.15",
  wallMs: 1_700_000_000_000,
  usedMemoryBytes: 1_000_000,
  aofBase: false,
  hasFieldDeadlines: false,
};

export function rdbOf(keyspace: Keyspace, options: WriteOptions = {}): Buffer {
  const pieces: Buffer[] = [];
  const file = new RdbFileBytes({ compress: options.compress ?? true, checksum: options.checksum ?? true }, (bytes) =>
    pieces.push(Buffer.from(bytes)),
  );
  const { out } = file;
  writeRdbHead(out, { ...testHead, hasFieldDeadlines: keyspace.hasExpiringFields });
  for (const library of options.functions ?? []) writeFunction(out, library);
  for (const { index, table } of keyspace.databases) {
    if (table.size === 0) continue;
    writeDatabase(out, index, table.size, table.expiresCount);
    table.keys.forEach((key, slot) => {
      if (key === undefined) return;
      const value = table.values[slot] as Value;
      const deadlineMs = table.deadlines.at(slot);
      if (options.frozen === true) {
        for (const _slice of writeFrozenKey(out, key, dataTypeOf(value).freeze(value), deadlineMs));
      } else {
        writeKey(out, key, value, deadlineMs);
      }
      file.flushWhenFull();
    });
  }
  writeRdbEnd(out);
  file.close();
  return Buffer.concat(pieces);
}

export interface Loaded {
  readonly keyspace: Keyspace;
  readonly load: RdbLoad;
  readonly log: readonly string[];
  /** Where the RDB ends in what was given. */
  readonly endOffset: number;
  readonly pauses: number;
}

/** @throws DamagedFile */
export function loaded(
  bytes: Buffer,
  options: Partial<RdbLoadOptions> & { windowBytes?: number; nowMs?: number; path?: string } = {},
): Loaded {
  const keyspace = emptyKeyspace(options.nowMs);
  const log: string[] = [];
  const say = (line: string): void => {
    log.push(line);
  };
  const load = new RdbLoad(keyspace, {
    limits: defaultEncodingLimits(),
    checksum: true,
    pauseBytes: 2 * 2 ** 20,
    keepExpired: false,
    duplicates: "refuse",
    log: { debug: say, notice: say, warning: say },
    ...options,
  });
  const path = options.path ?? "/data/dump.rdb";
  const source: ByteSource = {
    path,
    size: () => bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
  const input = new BytesIn(source, path, options.windowBytes);
  let pauses = 0;
  for (const _pause of load.run(input)) pauses++;
  return { keyspace, load, log, endOffset: input.offset, pauses };
}
