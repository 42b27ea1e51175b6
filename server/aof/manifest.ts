/**
 * The manifest: which files make up the log, and in what order they are replayed.
 *
 *     appendonlydir/                                 appendonly.aof.manifest, while a rewrite runs
 *       appendonly.aof.manifest                        file appendonly.aof.2.base.rdb seq 2 type b    the data set once
 *       appendonly.aof.2.base.rdb                      file appendonly.aof.4.incr.aof seq 4 type i    what came after it
 *       appendonly.aof.4.incr.aof                      file appendonly.aof.5.incr.aof seq 5 type i    what comes now
 *       appendonly.aof.5.incr.aof
 *
 * When the rewrite succeeds a base 3 takes the place of base 2 and incr 4, which become history (type h) and are deleted
 * when the manifest that says so is durable. When it fails nothing changes: several incr files are ordinary.
 *
 * A Manifest is a value: every change gives a new one, so that a change that could not be written is simply dropped.
 */
import { assert } from "../assert.ts";
import { quoteArgument } from "../resp/quote-argument.ts";
import { splitArguments } from "../resp/split-arguments.ts";

export type PartType = "base" | "history" | "incr";

export interface Part {
  readonly name: string;
  readonly seq: number;
}

/** A line that Redis would not accept either. The message is Redis's own word for it. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
  /** From 1; 0 = the file as a whole. */
  readonly lineNumber: number;
  readonly line: string;

  constructor(message: string, lineNumber: number, line: string) {
    super(message);
    this.lineNumber = lineNumber;
    this.line = line;
  }
}

const letters: Readonly<Record<PartType, string>> = { base: "b", history: "h", incr: "i" };
const lineBytesMax = 1024;
const blanksAround = /^[ \t\r\n]+|[ \t\r\n]+$/g;

export class Manifest {
  readonly base: Part | undefined;
  /** Newest first. */
  readonly history: readonly Part[];
  /** In the order of replay; the last one is written to. */
  readonly incrs: readonly Part[];
  /** The highest numbers ever used, also by files that are gone: a name is never given twice. */
  private readonly lastBaseSeq: number;
  private readonly lastIncrSeq: number;

  static readonly empty = new Manifest(undefined, [], [], 0, 0);

  private constructor(
    base: Part | undefined,
    history: readonly Part[],
    incrs: readonly Part[],
    lastBaseSeq: number,
    lastIncrSeq: number,
  ) {
    this.base = base;
    this.history = history;
    this.incrs = incrs;
    this.lastBaseSeq = lastBaseSeq;
    this.lastIncrSeq = lastIncrSeq;
  }

  /** @throws ManifestError */
  static parse(text: string): Manifest {
    let base: Part | undefined;
    const history: Part[] = [];
    const incrs: Part[] = [];
    const lines = cutLines(text);
    if (lines.length === 0) throw new ManifestError("Found an empty AOF manifest", 0, "");
    lines.forEach((line, index) => {
      if (line.startsWith("#")) return;
      const fail = (message: string) => new ManifestError(message, index + 1, line.trimEnd());
      if (!line.endsWith("\n")) throw fail("The AOF manifest file contains too long line");
      const { type, ...part } = parseLine(line, fail);
      if (type === "b") {
        if (base !== undefined) throw fail("Found duplicate base file information");
        base = part;
      } else if (type === "h") {
        history.push(part);
      } else if (type === "i") {
        if (part.seq <= (incrs.at(-1)?.seq ?? 0)) throw fail("Found a non-monotonic sequence number");
        incrs.push(part);
      } else {
        throw fail("Unknown AOF file type");
      }
    });
    // History counts too: where its deletion was switched off, its names are still taken.
    const highest = (parts: readonly Part[]) => parts.reduce((most, { seq }) => Math.max(most, seq), 0);
    const old = (kind: string) => history.filter(({ name }) => name.includes(`.${kind}.`));
    const ofBase = base === undefined ? [] : [base];
    const lastBaseSeq = highest([...ofBase, ...old("base")]);
    return new Manifest(base, history, incrs, lastBaseSeq, highest([...incrs, ...old("incr")]));
  }

  format(): string {
    const line = (type: PartType) => (part: Part) => formatLine(part, type);
    const text = [
      ...(this.base === undefined ? [] : [formatLine(this.base, "base")]),
      ...this.history.map(line("history")),
      ...this.incrs.map(line("incr")),
    ].join("");
    assert(text === "" || sameParts(Manifest.parse(text), this), "what is written as a manifest reads back the same");
    return text;
  }

  /** The file that is written to. */
  get lastIncr(): Part | undefined {
    return this.incrs.at(-1);
  }

  /** With one more incr file behind the others, for a log called `appendfilename`. */
  withNextIncr(appendfilename: string): Manifest {
    const seq = this.lastIncrSeq + 1;
    const incr = { name: `${appendfilename}.${seq}.incr.aof`, seq };
    return new Manifest(this.base, this.history, [...this.incrs, incr], this.lastBaseSeq, seq);
  }

  /**
   * With a new base. What it covers becomes history: the old base, and every incr but the last; that one too unless
   * `keepLastIncr`.
   */
  withNextBase(appendfilename: string, format: "rdb" | "aof", keepLastIncr: boolean): Manifest {
    const seq = this.lastBaseSeq + 1;
    const base = { name: `${appendfilename}.${seq}.base.${format}`, seq };
    const covered = keepLastIncr ? this.incrs.slice(0, -1) : this.incrs;
    const kept = keepLastIncr ? this.incrs.slice(-1) : [];
    const history = [...covered.toReversed(), ...(this.base === undefined ? [] : [this.base]), ...this.history];
    return new Manifest(base, history, kept, seq, this.lastIncrSeq);
  }

  /** The line that names a part, without its end. */
  static lineOf(part: Part, type: PartType): string {
    return formatLine(part, type).trimEnd();
  }

  /** With the one file of a server older than version 7 as its base. */
  static ofOldFile(appendfilename: string): Manifest {
    return new Manifest({ name: appendfilename, seq: 1 }, [], [], 1, 0);
  }

  withoutHistory(): Manifest {
    return new Manifest(this.base, [], this.incrs, this.lastBaseSeq, this.lastIncrSeq);
  }
}

/** As a reader with a fixed buffer sees them: what is longer than the buffer comes in pieces without a line end. */
function cutLines(text: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = Math.min(newline < 0 ? text.length : newline + 1, at + lineBytesMax);
    lines.push(text.slice(at, end));
    at = end;
  }
  return lines;
}

function parseLine(line: string, fail: (message: string) => ManifestError): Part & { readonly type: string } {
  const words = splitArguments(line.replace(blanksAround, ""));
  // More than six words are welcome: a later version may say more.
  if (words === undefined || words.length < 6 || words.length % 2 !== 0) {
    throw fail("Invalid AOF manifest file format");
  }
  let name = "";
  let seq = 0;
  let type = "";
  for (let at = 0; at < words.length; at += 2) {
    const value = words[at + 1] as string;
    switch ((words[at] as string).toLowerCase()) {
      case "file":
        if (/[/\\]/.test(value)) throw fail("File can't be a path, just a filename");
        name = value;
        break;
      case "seq":
        seq = Number.parseInt(value, 10) || 0;
        break;
      case "type":
        type = value.charAt(0);
        break;
    }
  }
  if (name === "" || seq === 0 || type === "") throw fail("Invalid AOF manifest file format");
  return { name, seq, type };
}

function formatLine({ name, seq }: Part, type: PartType): string {
  return `file ${quoteArgument(name)} seq ${seq} type ${letters[type]}\n`;
}

function sameParts(one: Manifest, other: Manifest): boolean {
  const list = ({ base, history, incrs }: Manifest) => JSON.stringify([base ?? null, history, incrs]);
  return list(one) === list(other);
}
