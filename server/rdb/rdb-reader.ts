/**
 * Reads an RDB file (see format.ts), piece by piece: what it finds goes to a visitor, and it pauses often enough for
 * the server to answer its clients meanwhile.
 *
 * Nothing in the file is believed. What is damaged is a DamagedFile with path and offset; what is whole but not for us
 * (modules, versions from the future, Valkey's own format) is an UnsupportedFile, which is one too.
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import { Crc64 } from "../codec/crc64.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { dataTypeOfRdb } from "../types/data-types.ts";
import type { EncodingLimits } from "../types/encoding-limits.ts";
import type { Value } from "../types/value.ts";
import {
  firstVersionWithChecksum,
  magic,
  newestReadVersion,
  opcode,
  refusedTypes,
  valkeyMagic,
  writtenVersion,
} from "./format.ts";

/** Who is told what the file holds, in the file's order. */
export interface RdbVisitor {
  aux?(name: string, value: string): void;
  /** A library of functions: its whole source. */
  function?(source: string): void;
  /** The keys of this database follow. `offset`: where the file says so. */
  database?(index: number, offset: number): void;
  /** How many keys to expect in the database, and how many of them with a deadline. */
  sizes?(keyCount: number, expiresCount: number): void;
  /** `deadlineMs` is NEVER when there is none; `offset` is where the key begins. */
  key(key: string, value: Value, deadlineMs: number, offset: number): void;
  /** An empty collection, which a keyspace does not hold. */
  emptyKey?(key: string): void;
}

export interface RdbReading {
  readonly limits: EncodingLimits;
  /** False: a wrong checksum is no error (`rdbchecksum no`). */
  readonly checksum: boolean;
  /** Pause after so many bytes, or 1024 keys, whichever comes first. */
  readonly pauseBytes: number;
}

export interface RdbEnd {
  readonly version: number;
  /** `absent`: written without one, or by a version that knew none. */
  readonly checksum: "right" | "absent" | "unchecked";
}

const keysPerPause = 1024;

/**
 * Reads up to the end of the RDB, where a log may go on: the cursor stands behind it. Yields now and then.
 * @throws DamagedFile
 */
export function* readRdb(
  input: BytesIn,
  visitor: RdbVisitor,
  reading: RdbReading,
): Generator<undefined, RdbEnd, undefined> {
  const sum = new Crc64();
  if (reading.checksum) input.checksumInto(sum);
  const version = readVersion(input);

  let deadlineMs = NEVER;
  let keys = 0;
  let pauseAt = input.offset + reading.pauseBytes;
  for (;;) {
    const start = input.offset;
    const type = input.u8();
    switch (type) {
      case opcode.expireMs:
        deadlineMs = Number(input.i64le());
        continue;
      case opcode.expireS:
        deadlineMs = input.i32le() * 1000;
        continue;
      case opcode.frequency:
        input.u8();
        continue;
      case opcode.idle:
        input.length();
        continue;
      // What is read is read before the visitor is looked at: it may not want to know, but the cursor must move on.
      case opcode.selectDb: {
        const index = input.length();
        visitor.database?.(index, start);
        continue;
      }
      case opcode.resizeDb: {
        const keyCount = input.length();
        const expiresCount = input.length();
        visitor.sizes?.(keyCount, expiresCount);
        continue;
      }
      case opcode.slotInfo:
        for (let lengths = 3; lengths > 0; lengths--) input.length();
        continue;
      case opcode.aux: {
        const name = input.string();
        const value = input.string();
        visitor.aux?.(name, value);
        continue;
      }
      case opcode.function:
      case opcode.functionBeforeRelease: {
        const source = type === opcode.function ? input.string() : readFunctionBeforeRelease(input);
        visitor.function?.(source);
        continue;
      }
      case opcode.moduleAux:
        return input.refuseAt(start, "data of a module");
      case opcode.end:
        return { version, checksum: readChecksum(input, version, reading.checksum ? sum : undefined) };
    }

    const dataType = dataTypeOfRdb(type);
    if (dataType === undefined) return refuseType(input, start, type);
    const key = input.string();
    const value = dataType.readRdb(type, input, reading.limits);
    if (value === undefined) visitor.emptyKey?.(key);
    else visitor.key(key, value, deadlineMs, start);
    deadlineMs = NEVER;
    if (++keys % keysPerPause !== 0 && input.offset < pauseAt) continue;
    pauseAt = input.offset + reading.pauseBytes;
    yield;
  }
}

function readVersion(input: BytesIn): number {
  if (input.remaining < magic.length + 4) input.fail(`an RDB file expected, only ${input.remaining} bytes there`);
  const found = input.text(magic.length);
  if (found !== magic) {
    if (found === valkeyMagic.slice(0, magic.length) && String.fromCharCode(input.peek()) === valkeyMagic.at(-1)) {
      input.refuseAt(
        0,
        `a file in Valkey's own format (Valkey 9 and later); this store reads Redis's, versions 1 to ${newestReadVersion}`,
      );
    }
    input.failAt(0, `an RDB file begins with "${magic}"`);
  }
  const digits = input.text(4);
  const version = /^\d{4}$/.test(digits) ? Number(digits) : 0;
  if (version > newestReadVersion) {
    input.refuseAt(
      magic.length,
      `RDB version ${version} is from the future, this store reads 1 to ${newestReadVersion}`,
    );
  }
  if (version < 1)
    input.failAt(magic.length, `an RDB version expected, such as "${String(writtenVersion).padStart(4, "0")}"`);
  return version;
}

function refuseType(input: BytesIn, offset: number, type: number): never {
  const reason = refusedTypes[type];
  if (reason !== undefined) input.refuseAt(offset, reason);
  input.failAt(offset, `a type or an opcode expected, found byte ${type}`);
}

/** Name, engine and code apart, as release candidates of 7.0 wrote them: joined to what a release would have. */
function readFunctionBeforeRelease(input: BytesIn): string {
  const name = input.string();
  const engine = input.string();
  const hasDescription = input.length() !== 0;
  if (hasDescription) input.string();
  return `#!${engine} name=${name}\n${input.string()}`;
}

function readChecksum(input: BytesIn, version: number, sum: Crc64 | undefined): RdbEnd["checksum"] {
  if (version < firstVersionWithChecksum) return "absent";
  if (sum !== undefined) input.stopChecksum();
  const offset = input.offset;
  const found = input.u64le();
  if (found === 0n) return "absent";
  if (sum === undefined) return "unchecked";
  if (found !== sum.value) {
    input.failAt(
      offset,
      `checksum ${sum.value.toString(16)} expected for what is before, found ${found.toString(16)} (RDB CRC error)`,
    );
  }
  return "right";
}
