/**
 * Checks a log, and cuts off what is wrong at its end, in the words of Redis's own checker:
 *
 *     FILE.manifest     base, then incr files; only the last one may be cut
 *     FILE              one file: commands, or an RDB and commands behind it
 *
 * Stricter than the loader: the two bytes behind an argument must be a line end. A file of batches (see aof/batch.ts) is
 * verified as well, and what is cut off it is kept beside it.
 */

import { pathOf } from "../aof/aof-folder.ts";
import { hasBatches, scanBatches } from "../aof/batch-scan.ts";
import { cutFile, keepAside } from "../aof/cut.ts";
import { Manifest, ManifestError, type Part } from "../aof/manifest.ts";
import { verifyManifest } from "../aof/manifest-checksum.ts";
import { RecordReader } from "../aof/record-reader.ts";
import type { ByteSource } from "../codec/bytes-in.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { folderOf } from "../world/replace-file.ts";
import { type Disk, DiskError, type DiskFile } from "../world/world.ts";
import { checkRdb } from "./check-rdb.ts";

export interface AofCheckWorld {
  readonly disk: Disk;
  readonly nowMs: number;
  say(line: string): void;
  /** Whether whoever runs the check wants it. */
  confirm(question: string): boolean;
}

export interface AofCheckOrder {
  readonly fix: boolean;
  /** Cut off everything that was written later than this: seconds since 1970. */
  readonly untilS: number | undefined;
}

/** The check cannot go on; what was wrong is said. */
class Stopped extends Error {}

const rdbMagic = "REDIS";
const manifestBytesMax = 1024 * 1024;

/** `path`: absolute. Returns the exit code. */
export function checkAof(path: string, order: AofCheckOrder, world: AofCheckWorld): 0 | 1 {
  try {
    const start = textAt(world.disk, path, manifestBytesMax);
    if (isManifest(start)) checkManifest(path, start, order, world);
    else checkOldStyle(path, order, world);
    return 0;
  } catch (error) {
    if (error instanceof DiskError) world.say(`Cannot open file ${path}: ${error.reason}`);
    else if (!(error instanceof Stopped)) throw error;
    return 1;
  }
}

function isManifest(text: string): boolean {
  if (text.startsWith(rdbMagic)) return false;
  return (
    text
      .split("\n", 100)
      .find((line) => !line.startsWith("#"))
      ?.startsWith("file ") ?? false
  );
}

function checkManifest(path: string, text: string, order: AofCheckOrder, world: AofCheckWorld): void {
  const { say } = world;
  say("Start checking Multi Part AOF");
  let manifest: Manifest;
  try {
    verifyManifest(text);
    manifest = Manifest.parse(text);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    say(`Invalid AOF manifest, at line ${error.lineNumber}: ${error.message}`);
    throw new Stopped();
  }
  const folder = folderOf(path);
  const { base, incrs } = manifest;
  const check = (part: Part, kind: string, isLast: boolean) => {
    const outcome = checkFile(pathOf(folder, part.name), part.name, isLast, order, world);
    say(
      outcome === "valid"
        ? `${kind} AOF ${part.name} is valid`
        : outcome === "empty"
          ? `${kind} AOF ${part.name} is empty`
          : outcome,
    );
  };
  if (base !== undefined) {
    const isRdb = textAt(world.disk, pathOf(folder, base.name), rdbMagic.length) === rdbMagic;
    say(`Start to check BASE AOF (${isRdb ? "RDB" : "RESP"} format).`);
    check(base, "BASE", incrs.length === 0);
  }
  if (incrs.length > 0) say("Start to check INCR files.");
  for (const incr of incrs) check(incr, "INCR", incr === incrs.at(-1));
  say("All AOF files and manifest are valid");
}

function checkOldStyle(path: string, order: AofCheckOrder, world: AofCheckWorld): void {
  world.say("Start checking Old-Style AOF");
  const outcome = checkFile(path, path, true, order, world);
  world.say(outcome === "valid" || outcome === "empty" ? `AOF ${path} is ${outcome}` : outcome);
}

/** `valid`, `empty`, or what was done to it. */
function checkFile(path: string, name: string, isLast: boolean, order: AofCheckOrder, world: AofCheckWorld): string {
  const file = world.disk.open(path, "read");
  try {
    if (file.size() === 0) return "empty";
    const start = rdbEndOf(file, name, world);
    if (order.untilS !== undefined) return cutToTime(file, name, start, isLast, order.untilS, world);
    const found = analyse(file, start);
    if (found.trouble !== undefined) world.say(found.trouble);
    const diff = file.size() - found.okBytes;
    world.say(
      `AOF analyzed: filename=${name}, size=${file.size()}, ok_up_to=${found.okBytes}, ok_up_to_line=${found.okLines}, ` +
        `diff=${diff}`,
    );
    if (diff === 0) return "valid";
    if (!order.fix) {
      world.say(`AOF ${name} is not valid. Use the --fix option to try fixing it.`);
      throw new Stopped();
    }
    return fix(file, name, found, isLast, world);
  } finally {
    file.close();
  }
}

function rdbEndOf(file: DiskFile, name: string, { nowMs, say }: AofCheckWorld): number {
  if (Buffer.from(file.read(0, rdbMagic.length)).toString("latin1") !== rdbMagic) return 0;
  const end = checkRdb(file, name, nowMs, say);
  if (end === undefined) {
    say("RDB preamble of AOF file is not sane, aborting.");
    throw new Stopped();
  }
  say("RDB preamble is OK, proceeding with AOF tail...");
  return end;
}

interface Analysis {
  readonly okBytes: number;
  /** The line of the protocol that begins there. */
  readonly okLines: number;
  readonly trouble: string | undefined;
  readonly hasBatches: boolean;
}

function analyse(file: DiskFile, start: number): Analysis {
  if (!hasBatches(file)) return { ...analyseRecords(file, start), hasBatches: false };
  const scanning = scanBatches(file);
  let step = scanning.next();
  while (step.done !== true) step = scanning.next();
  const { wholeBytes, attestedBytes, ending } = step.value;
  const isWhole = ending === "end" || ending === "other records";
  const records = analyseRecords(isWhole ? file : firstBytes(file, wholeBytes), start);
  if (isWhole || records.trouble !== undefined) return { ...records, hasBatches: true };
  const what =
    ending === "rot"
      ? `a whole batch expected: the file was durable up to ${Math.max(attestedBytes, wholeBytes + 1)}`
      : "a whole batch expected";
  return { ...records, trouble: at(wholeBytes, what), hasBatches: true };
}

function analyseRecords(file: ByteSource, start: number): Omit<Analysis, "hasBatches"> {
  // The line that comes next, counted from 1.
  let lines = 1;
  const reader = new RecordReader(file, start, { isStrict: true, annotation: () => void lines++ });
  let ok = { okBytes: start, okLines: lines };
  let isOpen = false;
  try {
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      lines += 1 + record.length * 2;
      const word = record.length === 1 ? (record[0] as string).toUpperCase() : "";
      if (word === "MULTI" && isOpen) return { ...ok, trouble: at(reader.offset, "Unexpected MULTI") };
      if (word === "EXEC" && !isOpen) return { ...ok, trouble: at(reader.offset, "Unexpected EXEC") };
      if (word === "MULTI") isOpen = true;
      if (word === "EXEC") isOpen = false;
      if (!isOpen) ok = { okBytes: reader.offset, okLines: lines };
    }
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    return { ...ok, trouble: at(error.offset, error.expected) };
  }
  if (isOpen) return { ...ok, trouble: at(reader.offset, "Reached EOF before reading EXEC for MULTI") };
  if (reader.isTorn) return { ...ok, trouble: at(reader.offset, "the file ends within a record") };
  // Annotations behind the last record are no part of it, and no trouble.
  return { okBytes: file.size(), okLines: lines, trouble: undefined };
}

function fix(
  file: DiskFile,
  name: string,
  { okBytes, hasBatches }: Analysis,
  isLast: boolean,
  world: AofCheckWorld,
): string {
  const { disk, say } = world;
  if (!isLast) {
    say(`Failed to truncate AOF ${name} because it is not the last file`);
    throw new Stopped();
  }
  const size = file.size();
  say(`This will shrink the AOF ${name} from ${size} bytes, with ${size - okBytes} bytes, to ${okBytes} bytes`);
  if (!world.confirm("Continue? [y/N]: ")) {
    say("Aborting...");
    throw new Stopped();
  }
  if (hasBatches) say(`What is cut off is kept as ${keepAside(disk, file.path, okBytes)}`);
  cutFile(disk, file.path, okBytes);
  return `Successfully truncated AOF ${name}`;
}

function cutToTime(
  file: DiskFile,
  name: string,
  start: number,
  isLast: boolean,
  untilS: number,
  { disk, say }: AofCheckWorld,
): string {
  const cutAt = offsetBehind(file, start, untilS);
  if (cutAt === undefined) {
    say(`Truncate nothing in AOF ${name} to timestamp ${untilS}`);
    return "valid";
  }
  if (cutAt === 0) {
    say(`AOF ${name} has nothing before timestamp ${untilS}, aborting...`);
    throw new Stopped();
  }
  if (!isLast) {
    say(`Failed to truncate AOF ${name} to timestamp ${untilS} to offset ${cutAt} because it is not the last file.`);
    say("If you insist, delete all files behind it and their lines in the manifest, and run this once more.");
    throw new Stopped();
  }
  cutFile(disk, file.path, cutAt);
  return `Successfully truncated AOF ${name} to timestamp ${untilS}`;
}

/** Where the first annotation of a later time stands, or the batch that holds it. */
function offsetBehind(file: DiskFile, start: number, untilS: number): number | undefined {
  let found: number | undefined;
  let batchAt: number | undefined;
  const reader = new RecordReader(file, start, {
    annotation(line, offset) {
      if (line.startsWith("#LB1 ")) batchAt = offset;
      const stampS = /^#TS:(\d+)$/.exec(line)?.[1];
      if (stampS !== undefined && Number(stampS) > untilS) found ??= batchAt ?? offset;
    },
  });
  try {
    while (found === undefined && reader.next() !== undefined);
  } catch (error) {
    // What is damaged behind the time asked for is about to be cut off; before it, there is nothing to be found.
    if (!(error instanceof DamagedFile)) throw error;
  }
  return found;
}

function firstBytes(file: DiskFile, sizeBytes: number): ByteSource {
  return {
    path: file.path,
    size: () => sizeBytes,
    read: (offset, length) => file.read(offset, Math.max(0, Math.min(length, sizeBytes - offset))),
  };
}

function textAt(disk: Disk, path: string, lengthMax: number): string {
  const file = disk.open(path, "read");
  try {
    return Buffer.from(file.read(0, Math.min(lengthMax, file.size()))).toString("latin1");
  } finally {
    file.close();
  }
}

function at(offset: number, what: string): string {
  return `0x${offset.toString(16).padStart(16)}: ${what}`;
}
