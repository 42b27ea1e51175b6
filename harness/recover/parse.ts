/**
 * Reads a store's files without starting it: the one place of the harness where the server's file readers are used. What
 * comes out are predictions (J1): all that is odd throws `OddFile`, and whoever asked starts the real store instead.
 *
 *     manifest   which files, in what order
 *     base       an RDB, or commands: what it holds, as the commands that build it
 *     incr       commands, in units: a command, or all from MULTI to EXEC
 *
 * A unit is what a loader keeps or drops as a whole: a file that ends within one is cut before it.
 */
import { batchLineBytes, batchMagic, parseBatchLine } from "../../server/aof/batch.ts";
import { Manifest, ManifestError, type Part } from "../../server/aof/manifest.ts";
import { BytesIn } from "../../server/codec/bytes-in.ts";
import { DamagedFile } from "../../server/codec/damaged-file.ts";
import { NEVER } from "../../server/keyspace/slot-table.ts";
import { readRdb } from "../../server/rdb/rdb-reader.ts";
import { dataTypeOf } from "../../server/types/data-types.ts";
import { defaultEncodingLimits } from "../../server/types/encoding-limits.ts";
import type { Request } from "../recording/history.ts";

/** Not what an index can answer for. */
export class OddFile extends Error {
  override readonly name = "OddFile";
}

export interface ListedFiles {
  readonly base: string | undefined;
  readonly incrs: readonly string[];
}

/** @throws OddFile */
export function parseManifest(bytes: Uint8Array): ListedFiles {
  try {
    const { base, incrs } = Manifest.parse(Buffer.from(bytes).toString("latin1"));
    return { base: base && nameOf(base), incrs: incrs.map(nameOf) };
  } catch (error) {
    if (error instanceof ManifestError) throw new OddFile(error.message);
    throw error;
  }
}

function nameOf({ name }: Part): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

export interface Unit {
  readonly requests: readonly Request[];
  readonly isTransaction: boolean;
  /** Offset behind it. */
  readonly end: number;
}

/** Offsets behind the batches of a hardened log; undefined: a file without batches. */
export function batchEndsIn(bytes: Uint8Array): number[] | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text.toString("latin1", 0, batchMagic.length) !== batchMagic) return undefined;
  const ends: number[] = [];
  for (let at = 0; at + batchLineBytes <= bytes.length; ) {
    const line = parseBatchLine(text.toString("latin1", at, at + batchLineBytes));
    if (line?.at !== at) break;
    at += batchLineBytes + line.sizeBytes;
    if (at <= bytes.length) ends.push(at);
  }
  return ends;
}

/** Whole units from the beginning; what stands behind the last of them is torn. @throws OddFile */
export function* unitsOf(bytes: Uint8Array): Generator<Unit> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let open: Request[] | undefined;
  for (let at = 0; ; ) {
    const record = recordAt(text, at);
    if (record === undefined) return;
    at = record.end;
    const { request } = record;
    if (request === undefined) continue;
    const name = request[0]?.toUpperCase();
    if (name === "MULTI" && open === undefined) open = [];
    else if (name === "EXEC" && open !== undefined) {
      yield { requests: open, isTransaction: true, end: at };
      open = undefined;
    } else if (open !== undefined) open.push(request);
    else yield { requests: [request], isTransaction: false, end: at };
  }
}

interface RecordAt {
  /** Undefined for an annotation. */
  readonly request: Request | undefined;
  readonly end: number;
}

/** Undefined when the text ends within it. */
function recordAt(text: string, start: number): RecordAt | undefined {
  const first = lineAt(text, start);
  if (first === undefined) return undefined;
  if (first.text.startsWith("#")) return { request: undefined, end: first.end };
  let at = first.end;
  const request: string[] = [];
  for (let left = countIn(first.text, "*", start); left > 0; left--) {
    const line = lineAt(text, at);
    if (line === undefined) return undefined;
    const end = line.end + countIn(line.text, "$", at);
    if (end + 2 > text.length) return undefined;
    request.push(text.slice(line.end, end));
    at = end + 2;
  }
  return { request, end: at };
}

function lineAt(text: string, start: number): { readonly text: string; readonly end: number } | undefined {
  const end = text.indexOf("\r\n", start);
  return end < 0 ? undefined : { text: text.slice(start, end), end: end + 2 };
}

function countIn(line: string, mark: "*" | "$", offset: number): number {
  if (!line.startsWith(mark) || !/^.\d{1,9}$/.test(line)) throw new OddFile(`no record at offset ${offset}`);
  return Number(line.slice(1));
}

/** What a base or a snapshot holds, as commands that build it. @throws OddFile when it is not whole */
export function baseRequests(bytes: Uint8Array, path: string): Request[] {
  if (Buffer.from(bytes.subarray(0, 5)).toString("latin1") === "REDIS") return rdbRequests(bytes, path);
  let end = 0;
  const requests: Request[] = [];
  for (const unit of unitsOf(bytes)) {
    requests.push(...unit.requests);
    end = unit.end;
  }
  if (end < bytes.length) throw new OddFile(`${path} ends within a record`);
  return requests;
}

function rdbRequests(bytes: Uint8Array, path: string): Request[] {
  const requests: Request[] = [];
  const input = new BytesIn(bytes, path);
  const visitor = {
    database: (index: number) => void requests.push(["SELECT", String(index)]),
    key(key: string, value: Parameters<typeof dataTypeOf>[0], deadlineMs: number) {
      requests.push(...dataTypeOf(value).rebuild(key, value));
      if (deadlineMs !== NEVER) requests.push(["PEXPIREAT", key, String(deadlineMs)]);
    },
  };
  try {
    const reading = { limits: defaultEncodingLimits(), checksum: true, pauseBytes: Number.MAX_SAFE_INTEGER };
    for (const reader = readRdb(input, visitor, reading); reader.next().done !== true; );
  } catch (error) {
    if (error instanceof DamagedFile) throw new OddFile(error.message);
    throw error;
  }
  if (input.remaining > 0) throw new OddFile(`${path} goes on behind its RDB`);
  return requests;
}
