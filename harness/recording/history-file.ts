/**
 * A history on disk, written as it happens, so that it outlives the harness:
 *
 *     {"format":"lossbound/history@1"}
 *     {"kind":"invoked","id":0,"client":2,"call":{"requests":[["SET","c2:k1","…"]],"transaction":false},"stampNs":…}
 *     {"kind":"completed","id":0,"reply":{"kind":"string","value":"OK"},"stampNs":…,"wallMs":…}
 *     {"kind":"invok                                   ← the harness was killed here: the torn line never happened
 *
 * A history may forget an answer, never a question: an invocation must be on file before its first byte leaves, or the
 * store could hold a value that nobody seems to have written. So invocations are written through, and completions wait
 * for the next invocation, for `flush`, or until enough of them have gathered.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import {
  type CallRecord,
  type Completed,
  gatherHistory,
  type History,
  type HistoryEntry,
  type Invoked,
} from "./history.ts";

const formatName = "lossbound/history@1";
const waitingLengthMax = 64 * 1024;

export class HistoryWriter {
  private readonly file: number;
  private waiting = "";

  /** Makes the file, which must not exist yet. */
  constructor(path: string) {
    this.file = openSync(path, "wx");
    this.writeThrough(`${JSON.stringify({ format: formatName })}\n`);
  }

  /** Call it before the bytes leave: on return the questions are on file. Calls that leave together go in together. */
  invoked(...entries: readonly Invoked[]): void {
    let lines = this.waiting;
    for (const entry of entries) lines += lineOf(entry);
    this.waiting = "";
    this.writeThrough(lines);
  }

  completed(entry: Completed): void {
    this.waiting += lineOf(entry);
    if (this.waiting.length >= waitingLengthMax) this.flush();
  }

  flush(): void {
    const lines = this.waiting;
    this.waiting = "";
    this.writeThrough(lines);
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private writeThrough(lines: string): void {
    const bytes = Buffer.from(lines, "utf8");
    for (let taken = 0; taken < bytes.length; ) taken += writeSync(this.file, bytes, taken);
  }
}

/** A history that is over, as the same file: its entries in the order of time. The file must not exist yet. */
export function writeHistoryFile(path: string, { clients }: History): void {
  const entries = clients.flat().flatMap(entriesOf);
  const writer = new HistoryWriter(path);
  for (const entry of entries.sort((one, other) => one.stampNs - other.stampNs)) {
    if (entry.kind === "invoked") writer.invoked(entry);
    else writer.completed(entry);
  }
  writer.close();
}

function entriesOf({ id, client, call, invokedNs, invokedWallMs, completed }: CallRecord): HistoryEntry[] {
  const invoked: Invoked = { kind: "invoked", id, client, call, stampNs: invokedNs, wallMs: invokedWallMs };
  if (completed === undefined) return [invoked];
  const { ns: stampNs, wallMs, reply } = completed;
  return [invoked, { kind: "completed", id, reply, stampNs, wallMs }];
}

/** A file that is no history, or one that was damaged anywhere but at its torn end. */
export class DamagedHistory extends Error {
  override readonly name = "DamagedHistory";
}

/** @throws DamagedHistory naming the line. */
export function readHistoryFile(path: string): History {
  return readHistory(readFileSync(path, "utf8"), path);
}

/** The text of such a file; `path` only says in errors where it came from. @throws DamagedHistory naming the line. */
export function readHistory(text: string, path: string): History {
  // What follows the last line end is empty, or a line that the harness was killed in: it never happened.
  const [first, ...lines] = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  if (first === undefined || formatOf(first) !== formatName) {
    throw new DamagedHistory(`${path}:1: expected {"format":"${formatName}"}`);
  }
  lines.pop();
  try {
    return gatherHistory(lines.map((line, index) => entryOf(line, `${path}:${index + 2}`)));
  } catch (error) {
    if (error instanceof RangeError) throw new DamagedHistory(`${path}: ${error.message}`);
    throw error;
  }
}

function lineOf(entry: HistoryEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

function formatOf(line: string): unknown {
  const value = parsed(line);
  return typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
}

function entryOf(line: string, place: string): HistoryEntry {
  const value = parsed(line) as Partial<HistoryEntry> | undefined | null;
  const kind = value?.kind;
  if ((kind !== "invoked" && kind !== "completed") || typeof value?.id !== "number") {
    throw new DamagedHistory(`${place}: not an entry of a history`);
  }
  return value as HistoryEntry;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
