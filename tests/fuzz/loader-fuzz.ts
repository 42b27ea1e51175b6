/**
 * Fuzzing of all that is read from a disk or a stranger: RDB files, logs of commands, plain and in batches, manifests,
 * DUMP payloads. Whole ones are made, then damaged: bits flipped, ends cut, pieces of one put into another, lengths
 * replaced by lies. Checksums are made right again most of the time, or nothing behind them would ever be reached.
 *
 * Rule N5: what is accepted must round-trip, what is rejected must name its offset (or, of a manifest, its line).
 * Anything else (another error, a value that changes when it is written and read again) is thrown, with the input.
 */
import fc from "fast-check";
import type { Random } from "../../harness/random.ts";
import { randomFrom } from "../../harness/random.ts";
import { BatchChain } from "../../server/aof/batch.ts";
import { hasBatches, scanBatches } from "../../server/aof/batch-scan.ts";
import { Manifest, ManifestError } from "../../server/aof/manifest.ts";
import { verifyManifest, withChecksum } from "../../server/aof/manifest-checksum.ts";
import { formatRecord } from "../../server/aof/record-buffer.ts";
import { RecordReader } from "../../server/aof/record-reader.ts";
import { crc64 } from "../../server/codec/crc64.ts";
import { DamagedFile } from "../../server/codec/damaged-file.ts";
import { digestOfDataset } from "../../server/dataset-digest.ts";
import type { Keyspace } from "../../server/keyspace/keyspace.ts";
import { BadPayload, dumpPayload, valueOfPayload } from "../../server/rdb/dump-payload.ts";
import { defaultEncodingLimits } from "../../server/types/encoding-limits.ts";
import type { Value } from "../../server/types/value.ts";
import { arbitraryExpiringHash, arbitraryKeyspace, arbitraryValue, emptyKeyspace } from "../arbitrary-keyspace.ts";
import { loaded, rdbOf } from "../rdb-files.ts";

export type Verdict = "accepted" | "rejected";

/** One kind of thing that is read. */
interface Loader {
  make(seed: number, count: number): Buffer[];
  /** Makes checksums right again, where there are any; the bytes may be changed. */
  repair(bytes: Buffer): Buffer;
  /** @throws Unsound */
  check(bytes: Buffer): Verdict;
}

/** The loader broke its promise on this input. */
export class Unsound extends Error {
  constructor(kind: string, what: string, input: Buffer, options?: ErrorOptions) {
    super(`${kind}: ${what}, input in base64: ${input.toString("base64")}`, options);
  }
}

const limits = defaultEncodingLimits();
const crcBytes = 8;

/** What an RDB file may hold: keys, among them hashes whose fields expire, and functions. */
const arbitraryContents = fc.record({
  keyspace: arbitraryKeyspace,
  hashes: fc.array(arbitraryExpiringHash, { maxLength: 2 }),
  functions: fc.array(
    fc.nat(1000).map((number) => `#!lua name=library${number}\nredis.register_function('f${number}', function() end)`),
    { maxLength: 2 },
  ),
});

export const loaders: Readonly<Record<string, Loader>> = {
  rdb: {
    make: (seed, count) =>
      small(
        fc.sample(arbitraryContents, { seed, numRuns: count * 3 }).map(({ keyspace, hashes, functions }, at) => {
          for (const [index, hash] of hashes.entries()) keyspace.db(index).set("expiring", hash);
          return rdbOf(keyspace, { compress: at % 2 === 0, functions });
        }),
      ),
    repair: withCrcAtEnd,
    check(bytes) {
      const read = attempt(bytes, () => loaded(bytes, { keepExpired: true }));
      if (read === undefined) return "rejected";
      const { functions } = read.load;
      const again = loaded(rdbOf(read.keyspace, { functions }), { keepExpired: true });
      mustBeEqual(digestOfDataset(again.keyspace), digestOfDataset(read.keyspace));
      mustBeEqual(JSON.stringify(again.load.functions), JSON.stringify(functions));
      return "accepted";
    },
  },
  dump: {
    make: (seed, count) =>
      small(
        fc
          .sample(fc.oneof(arbitraryValue, arbitraryExpiringHash), { seed, numRuns: count * 3 })
          .map((value, at) => Buffer.from(dumpPayload(value, at % 2 === 0), "latin1")),
      ),
    repair: withCrcAtEnd,
    check(bytes) {
      let value: Value;
      try {
        value = valueOfPayload(bytes.toString("latin1"), { limits, checksum: true });
      } catch (error) {
        if (!(error instanceof BadPayload)) throw error;
        const namesOffset = error.part === "foot" || /at offset \d+|nothing can be made/.test(error.message);
        if (!namesOffset) throw new Error(`rejected without an offset: ${error.message}`, { cause: error });
        return "rejected";
      }
      const again = valueOfPayload(dumpPayload(value, true), { limits, checksum: true });
      mustBeEqual(digestOfDataset(holding(again)), digestOfDataset(holding(value)));
      return "accepted";
    },
  },
  log: {
    make: (seed, count) =>
      Array.from({ length: count }, (_, at) => Buffer.concat(recordsOf(randomFrom(`${seed}/${at}`)))),
    repair: (bytes) => bytes,
    check: checkRecords,
  },
  batches: {
    make: (seed, count) => Array.from({ length: count }, (_, at) => batchesOf(randomFrom(`${seed}/${at}`))),
    repair: (bytes) => bytes,
    check(bytes) {
      const file = sourceOf(bytes);
      if (!hasBatches(file)) return checkRecords(bytes);
      const scanning = scanBatches(file);
      let step = scanning.next();
      while (step.done !== true) step = scanning.next();
      const { wholeBytes, ending } = step.value;
      if (wholeBytes > bytes.length) throw new Error(`${wholeBytes} of ${bytes.length} bytes are said to be whole`);
      // What is whole is a log in which nothing is wrong.
      if (wholeBytes > 0 && checkRecords(bytes.subarray(0, wholeBytes)) !== "accepted") throw new Error("not sound");
      return ending === "end" ? "accepted" : "rejected";
    },
  },
  manifest: {
    make: (seed, count) => Array.from({ length: count }, (_, at) => manifestOf(randomFrom(`${seed}/${at}`))),
    repair: (bytes) => bytes,
    check(bytes) {
      const text = bytes.toString("latin1");
      let manifest: Manifest;
      try {
        verifyManifest(text);
        manifest = Manifest.parse(text);
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error;
        if (error.lineNumber < 1 && text !== "") throw new Error("rejected without a line", { cause: error });
        return "rejected";
      }
      const written = manifest.format();
      if (written !== "") mustBeEqual(Manifest.parse(written).format(), written);
      return "accepted";
    },
  },
};

export interface FuzzCounts {
  accepted: number;
  rejected: number;
  /** The longest that one input took, in milliseconds. */
  slowestMs: number;
}

/** Damages and loads `count` inputs of a kind. @throws Unsound */
export function fuzz(kind: string, seed: string, count: number, nowMs: () => number): FuzzCounts {
  const loader = loaders[kind] as Loader;
  const random = randomFrom(`${seed}/${kind}`);
  const whole = loader.make(random.below(2 ** 31), 40);
  const counts: FuzzCounts = { accepted: 0, rejected: 0, slowestMs: 0 };
  for (let at = 0; at < count; at++) {
    const damaged = damage(random.pick(whole), whole, random);
    const input = random.chance(0.9) ? loader.repair(damaged) : damaged;
    const beganMs = nowMs();
    try {
      counts[loader.check(input)]++;
    } catch (error) {
      throw new Unsound(kind, error instanceof Error ? error.message : String(error), input, { cause: error });
    }
    counts.slowestMs = Math.max(counts.slowestMs, nowMs() - beganMs);
  }
  return counts;
}

// ── Damage ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const lies = [0x00, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xfe, 0xff];

function damage(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let found = Buffer.from(bytes);
  for (
    let times = random.weighted([
      [1, 6],
      [2, 2],
      [5, 1],
      [0, 0.2],
    ] as const);
    times > 0;
    times--
  ) {
    const at = random.below(found.length + 1);
    const length = random.below(Math.min(64, found.length - at) + 1);
    const other = random.pick(others);
    const from = random.below(other.length + 1);
    const piece = other.subarray(from, from + random.below(64));
    switch (random.pick(["flip", "lie", "cut", "insert", "replace", "remove", "double"] as const)) {
      case "flip":
        if (at < found.length) found[at] = (found[at] as number) ^ (1 << random.below(8));
        break;
      case "lie":
        if (at < found.length) found[at] = random.pick(lies);
        break;
      case "cut":
        found = found.subarray(0, at);
        break;
      case "insert":
        found = Buffer.concat([found.subarray(0, at), piece, found.subarray(at)]);
        break;
      case "replace":
        found = Buffer.concat([found.subarray(0, at), piece, found.subarray(at + piece.length)]);
        break;
      case "remove":
        found = Buffer.concat([found.subarray(0, at), found.subarray(at + length)]);
        break;
      case "double":
        found = Buffer.concat([found.subarray(0, at + length), found.subarray(at)]);
        break;
    }
  }
  return found;
}

function withCrcAtEnd(bytes: Buffer): Buffer {
  if (bytes.length < crcBytes) return bytes;
  const end = bytes.length - crcBytes;
  bytes.writeBigUInt64LE(crc64(bytes.subarray(0, end)), end);
  return bytes;
}

// ── Whole inputs ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The smaller third: damage finds what is between the values more often than what is in them. */
function small(made: readonly Buffer[]): Buffer[] {
  return made.toSorted((one, other) => one.length - other.length).slice(0, made.length / 3);
}

function recordsOf(random: Random): Buffer[] {
  const word = () => "#*$\r\n\0key:12345value".slice(random.below(10), 10 + random.below(11));
  return Array.from({ length: 1 + random.below(8) }, () => {
    const stamp = random.chance(0.2) ? `#TS:${random.below(2 ** 31)}\r\n` : "";
    return Buffer.from(stamp + formatRecord(["SET", word(), word()].slice(0, 1 + random.below(3))), "latin1");
  });
}

function batchesOf(random: Random): Buffer {
  const chain = new BatchChain("00000000000000aa", 1 + random.below(3));
  let bytes = chain.line(0, [], 0);
  for (let batches = random.below(5); batches > 0; batches--) {
    const records = recordsOf(random);
    bytes = Buffer.concat([
      bytes,
      chain.line(bytes.length, records, random.chance(0.5) ? bytes.length : 0),
      ...records,
    ]);
  }
  return bytes;
}

function manifestOf(random: Random): Buffer {
  let manifest = Manifest.empty.withNextBase(random.pick(["appendonly.aof", 'odd "name"']), "rdb", false);
  for (let times = random.below(5); times > 0; times--) manifest = manifest.withNextIncr("appendonly.aof");
  if (random.chance(0.5)) manifest = manifest.withNextBase("appendonly.aof", "aof", random.chance(0.5));
  const text = manifest.format();
  return Buffer.from(random.chance(0.5) ? withChecksum(text) : text, "latin1");
}

// ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function checkRecords(bytes: Buffer): Verdict {
  const reader = new RecordReader(sourceOf(bytes), 0);
  const records: string[][] = [];
  const verdict = attempt(bytes, () => {
    for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record);
    return reader.isTorn ? "rejected" : "accepted";
  });
  if (reader.offset > bytes.length) throw new Error(`a record ends at ${reader.offset} of ${bytes.length} bytes`);
  const again = new RecordReader(sourceOf(Buffer.from(records.map(formatRecord).join(""), "latin1")), 0);
  for (const record of records) mustBeEqual(JSON.stringify(again.next()), JSON.stringify(record));
  return verdict ?? "rejected";
}

/** Undefined when it was rejected, as it must be. */
function attempt<R>(bytes: Buffer, read: () => R): R | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    const isPlace = Number.isSafeInteger(error.offset) && error.offset >= 0 && error.offset <= bytes.length;
    if (!isPlace) throw new Error(`offset ${error.offset} in ${bytes.length} bytes`, { cause: error });
    return undefined;
  }
}

function mustBeEqual(found: string, expected: string): void {
  if (found !== expected) throw new Error(`what was accepted does not round-trip: ${found} for ${expected}`);
}

function holding(value: Value): Keyspace {
  const keyspace = emptyKeyspace();
  keyspace.db(0).add("k", value);
  return keyspace;
}

function sourceOf(bytes: Buffer) {
  return {
    path: "/d/input",
    size: () => bytes.length,
    read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
  };
}
