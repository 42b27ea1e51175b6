/**
 * A journal on disk: two files in a folder, so that it outlives whoever wrote it.
 *
 *     index.jsonl   {"format":"lossbound/journal@1","originNs":"81273645…"}            CLOCK_MONOTONIC at stamp 0
 *                   {"kind":"create","stampNs":101,"tid":7,"inode":2,"path":"a",…}     a record a line, in order
 *                   {"kind":"write",…,"offset":0,"length":5,"dataOffset":0}
 *                   …
 *     data          hello…                                                             the bytes of all writes, joined
 *
 * Bytes are written before the line that names them, so a journal whose writer was killed is a shorter journal: what
 * follows its last whole line, and lines whose bytes are missing, had not been recorded.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { Journal, JournalRecord, Kept } from "./journal.ts";
import type { StampNs } from "./stamp.ts";

const format = "lossbound/journal@1";
const indexName = "index.jsonl";
const dataName = "data";
const defaultBatchBytes = 1 << 20;

/** A record as its writer knows it: the journal adds the stamp. */
export type Unstamped<R extends JournalRecord = JournalRecord> = R extends JournalRecord ? Omit<R, "stampNs"> : never;

// ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Appends to a journal. Records are gathered in memory and leave in batches of `batchBytes`, or when `flush` is called:
 * a write(2) for each would cost as much as the operation that it records.
 */
export class JournalWriter {
  readonly #indexFd: number;
  readonly #data: ByteLog;
  readonly #now: () => StampNs;
  readonly #batchBytes: number;
  #lines: string[] = [];
  #linesLength = 0;
  #count = 0;
  #lastNs = 0;

  private constructor(indexFd: number, data: ByteLog, now: () => StampNs, batchBytes: number) {
    this.#indexFd = indexFd;
    this.#data = data;
    this.#now = now;
    this.#batchBytes = batchBytes;
  }

  /**
   * Begins a journal.
   * @param dir is made if missing; must hold no journal.
   * @param now the time on the recording's timeline; stamps rise strictly even where it does not.
   * @throws the errors of node:fs, as every method here does.
   */
  static begin(dir: string, originNs: bigint, now: () => StampNs, batchBytes = defaultBatchBytes): JournalWriter {
    mkdirSync(dir, { recursive: true });
    const data = new ByteLog(openSync(path.join(dir, dataName), "wx+"), 0, batchBytes);
    const writer = new JournalWriter(openSync(path.join(dir, indexName), "wx"), data, now, batchBytes);
    writer.#line({ format, originNs: String(originNs) });
    return writer;
  }

  /** Goes on with a journal that somebody else began: what follows its last whole record is cut off. */
  static resume(dir: string, before: JournalReader, now: () => StampNs, batchBytes = defaultBatchBytes): JournalWriter {
    const dataFd = openSync(path.join(dir, dataName), "a+");
    const indexFd = openSync(path.join(dir, indexName), "a");
    ftruncateSync(indexFd, before.indexBytes);
    const writer = new JournalWriter(indexFd, new ByteLog(dataFd, fstatSync(dataFd).size, batchBytes), now, batchBytes);
    writer.#count = before.records.length;
    writer.#lastNs = before.records.at(-1)?.stampNs ?? 0;
    return writer;
  }

  /** Records so far: the index that the next record gets. */
  get count(): number {
    return this.#count;
  }

  /** Takes bytes for a write that is recorded next. They are copied. */
  keep(bytes: Uint8Array): { readonly dataOffset: number; readonly length: number } {
    return { dataOffset: this.#data.append(bytes), length: bytes.length };
  }

  /** Stamps a record and takes it. Returns its index. */
  record(record: Unstamped): number {
    this.#lastNs = Math.max(this.#now(), this.#lastNs + 1);
    const { kind, ...rest } = record;
    this.#line({ kind, stampNs: this.#lastNs, ...rest });
    if (this.#linesLength >= this.#batchBytes) this.flush();
    return this.#count++;
  }

  /** Reads kept bytes into `target`. */
  read(dataOffset: number, target: Uint8Array): void {
    this.#data.read(dataOffset, target);
  }

  /** When it returns, all records so far are in the files. */
  flush(): void {
    this.#data.flush();
    if (this.#lines.length === 0) return;
    writeAll(this.#indexFd, Buffer.from(this.#lines.join("")));
    this.#lines = [];
    this.#linesLength = 0;
  }

  close(): void {
    this.flush();
    this.abandon();
  }

  /** Closes the files as they are, after a method has thrown: what was not flushed is not in the journal. */
  abandon(): void {
    this.#data.close();
    closeSync(this.#indexFd);
  }

  #line(value: object): void {
    const line = `${JSON.stringify(value)}\n`;
    this.#lines.push(line);
    this.#linesLength += line.length;
  }
}

/** An append-only run of bytes: the end of it in memory, the rest in a file. */
class ByteLog {
  readonly #fd: number;
  readonly #tail: Buffer;
  #flushed: number;
  #tailLength = 0;

  constructor(fd: number, size: number, tailBytes: number) {
    this.#fd = fd;
    this.#flushed = size;
    this.#tail = Buffer.allocUnsafe(tailBytes);
  }

  append(bytes: Uint8Array): number {
    const at = this.#flushed + this.#tailLength;
    if (bytes.length > this.#tail.length - this.#tailLength) this.flush();
    if (bytes.length > this.#tail.length) {
      writeAll(this.#fd, bytes);
      this.#flushed += bytes.length;
    } else {
      this.#tail.set(bytes, this.#tailLength);
      this.#tailLength += bytes.length;
    }
    return at;
  }

  read(offset: number, target: Uint8Array): void {
    const inFile = Math.max(0, Math.min(target.length, this.#flushed - offset));
    if (inFile > 0) readExactly(this.#fd, offset, target.subarray(0, inFile));
    const tailStart = offset + inFile - this.#flushed;
    target.set(this.#tail.subarray(tailStart, tailStart + target.length - inFile), inFile);
  }

  flush(): void {
    if (this.#tailLength === 0) return;
    writeAll(this.#fd, this.#tail.subarray(0, this.#tailLength));
    this.#flushed += this.#tailLength;
    this.#tailLength = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** Fills `target` from `offset` on, or throws. */
export function readExactly(fd: number, offset: number, target: Uint8Array): void {
  for (let done = 0; done < target.length; ) {
    const got = readSync(fd, target, done, target.length - done, offset + done);
    if (got === 0) throw new Error(`the journal's data ends before ${offset + target.length}`);
    done += got;
  }
}

// ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

export class NotAJournal extends Error {
  override readonly name = "NotAJournal";
}

/** A journal from its files. The bytes stay in the file: close it when done. */
export class JournalReader implements Journal {
  readonly originNs: bigint;
  readonly records: readonly JournalRecord[];
  /** How much of the index file is whole records. */
  readonly indexBytes: number;
  readonly dataFile: string;
  readonly #dataFd: number;

  /** @throws NotAJournal when the folder holds none, or one of another version. */
  constructor(dir: string) {
    const indexPath = path.join(dir, indexName);
    if (!existsSync(indexPath)) throw new NotAJournal(`${dir} holds no journal`);
    const lines = wholeLines(indexPath);
    const first = lines.next().value;
    this.originNs = originOf(first, indexPath);
    this.dataFile = path.resolve(dir, dataName);
    this.#dataFd = openSync(this.dataFile, "r");
    const { records, indexBytes } = recordsOf(lines, fstatSync(this.#dataFd).size);
    this.records = records;
    this.indexBytes = lineBytes(first ?? "") + indexBytes;
  }

  bytes({ dataOffset, length }: Kept): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    readExactly(this.#dataFd, dataOffset, bytes);
    return bytes;
  }

  close(): void {
    closeSync(this.#dataFd);
  }
}

/** Line by line, because the index of a long run is longer than a string may be. What follows the last newline is not one. */
function* wholeLines(file: string): Generator<string, undefined> {
  const fd = openSync(file, "r");
  try {
    const piece = Buffer.allocUnsafe(4 << 20);
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for (;;) {
      const got = readSync(fd, piece);
      if (got === 0) return;
      const lines = (rest + decoder.write(piece.subarray(0, got))).split("\n");
      rest = lines.pop() as string;
      yield* lines;
    }
  } finally {
    closeSync(fd);
  }
}

function originOf(firstLine: string | undefined, indexPath: string): bigint {
  if (firstLine === undefined) throw new NotAJournal(`${indexPath} has no first line`);
  const header = JSON.parse(firstLine) as { format?: unknown; originNs?: unknown };
  if (header.format !== format || typeof header.originNs !== "string") {
    throw new NotAJournal(`${indexPath} is ${String(header.format)}, not ${format}`);
  }
  return BigInt(header.originNs);
}

function recordsOf(lines: Iterable<string>, dataSize: number): { records: JournalRecord[]; indexBytes: number } {
  // Paths repeat in almost every record: one string for each of them, instead of one a record, halves the memory.
  const paths = new Map<string, string>();
  const records: JournalRecord[] = [];
  let indexBytes = 0;
  for (const line of lines) {
    const record = JSON.parse(line) as JournalRecord & { path?: string };
    if (record.kind === "write" && record.dataOffset + record.length > dataSize) break;
    if (record.path !== undefined) {
      const known = paths.get(record.path);
      if (known === undefined) paths.set(record.path, record.path);
      else record.path = known;
    }
    records.push(record);
    indexBytes += lineBytes(line);
  }
  return { records, indexBytes };
}

function lineBytes(line: string): number {
  return Buffer.byteLength(line) + 1;
}
