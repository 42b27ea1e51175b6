/**
 * Goes through a file of batches and finds out how far it can be believed, before anything of it is replayed.
 *
 *     ├ batch ┤├ batch ┤├ batch ┤├ ba//////┤├ batch ┤            whole │ damaged │ behind it nothing is replayed
 *                               ↑ wholeBytes
 *
 * What the damage is follows from what was known to be durable when it happened: every line attests that, also the lines
 * behind the damage, whose own check needs no chain.
 *
 *     attested ≤ wholeBytes     torn: a crash took what nobody had been promised. The file ends there.
 *     attested > wholeBytes     rot: what the disk had stored is not what it gives back. Nobody may serve that.
 *
 * Records without a line behind the last batch are another server's: Redis reads these files, and goes on with them.
 */
import { type ByteSource, BytesIn } from "../codec/bytes-in.ts";
import {
  type BatchLine,
  batchLineBytes,
  batchMagic,
  parseBatchLine,
  startSumOf,
  sumText,
  wasBatchLine,
} from "./batch.ts";

export interface BatchScan {
  /** Behind the last whole batch. */
  readonly wholeBytes: number;
  /** How much of the file is known to have been durable. */
  readonly attestedBytes: number;
  /** The last whole line: where a writer goes on. Undefined when there is none. */
  readonly last: BatchLine | undefined;
  /** What follows. */
  readonly ending: "end" | "torn" | "rot" | "other records";
}

const windowBytes = 1024 * 1024;
const pieceBytes = 64 * 1024;
const pauseBytes = 4 * 1024 * 1024;
const STAR = "*".charCodeAt(0);

/** Whether a file is, or was before it was damaged, one of batches. */
export function hasBatches(file: ByteSource): boolean {
  return wasBatchLine(textAt(file, 0, batchLineBytes));
}

/** Pauses now and then. */
export function* scanBatches(file: ByteSource): Generator<undefined, BatchScan, undefined> {
  const input = new BytesIn(file, file.path, windowBytes);
  let last: BatchLine | undefined;
  let attestedBytes = 0;
  let wholeBytes = 0;
  let pauseAt = pauseBytes;
  for (;;) {
    const line = nextBatch(input, last);
    if (line === undefined) break;
    last = line;
    attestedBytes = Math.max(attestedBytes, line.durableBytes);
    wholeBytes = input.offset;
    if (wholeBytes < pauseAt) continue;
    pauseAt = wholeBytes + pauseBytes;
    yield;
  }
  if (wholeBytes === file.size()) return { wholeBytes, attestedBytes, last, ending: "end" };
  const behind = linesBehind(file, wholeBytes, last?.file);
  for (const { durableBytes } of behind) attestedBytes = Math.max(attestedBytes, durableBytes);
  // The first line is durable before any manifest names the file: without it, the file has lost what it had.
  const isRot = last === undefined || attestedBytes > wholeBytes;
  const isOthers = behind.length === 0 && file.read(wholeBytes, 1)[0] === STAR;
  return { wholeBytes, attestedBytes, last, ending: isRot ? "rot" : isOthers ? "other records" : "torn" };
}

/** The batch at the cursor, which stands behind it then; undefined when there is no whole one. */
function nextBatch(input: BytesIn, before: BatchLine | undefined): BatchLine | undefined {
  if (input.remaining < batchLineBytes) return undefined;
  const at = input.offset;
  const line = parseBatchLine(input.text(batchLineBytes));
  if (line === undefined || line.at !== at || line.sizeBytes > input.remaining) return undefined;
  if (before !== undefined && (line.file !== before.file || line.run < before.run)) return undefined;
  const sum = startSumOf(line, before?.sum);
  for (let rest = line.sizeBytes; rest > 0; rest -= pieceBytes) sum.add(input.bytes(Math.min(rest, pieceBytes)));
  return sumText(sum) === line.sum ? line : undefined;
}

/** Lines of this file that stand where they say, from an offset on, whatever is between them. */
function linesBehind(file: ByteSource, from: number, ofFile: string | undefined): BatchLine[] {
  const found: BatchLine[] = [];
  for (let start = from; start < file.size(); start += windowBytes) {
    const text = textAt(file, start, windowBytes + batchLineBytes);
    for (let at = text.indexOf(batchMagic); at >= 0 && at < windowBytes; at = text.indexOf(batchMagic, at + 1)) {
      const line = parseBatchLine(text.slice(at, at + batchLineBytes));
      if (line?.at === start + at && (ofFile === undefined || line.file === ofFile)) found.push(line);
    }
  }
  return found;
}

function textAt(file: ByteSource, offset: number, length: number): string {
  return Buffer.from(file.read(offset, length)).toString("latin1");
}
