/**
 * Reads a log of commands, record by record.
 *
 *     #TS:1628217470\r\n                                an annotation: any line that begins with # is passed over
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n         a record: count, then length and bytes of each argument
 *                        └ where the file may end ┘     torn: what a crash leaves of the last record
 *
 * As lenient as Redis's own reader: the two bytes behind an argument are passed over, whatever they are. What can only
 * come from damage (another first byte, no digits, a negative length) is refused with its offset.
 */

import type { ByteSource } from "../codec/bytes-in.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { type KnownKeys, longestKnownKey } from "../resp/request-decoder.ts";
import { longestShortWord, shortWord } from "../resp/short-words.ts";

const windowBytes = 256 * 1024;
const lineBytesMax = 1024;
const LF = 10;
const CR = 13;
const HASH = 35;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;
const NINE = 57;
/** More digits than any count or length has: a number that is still growing then is damage. */
const digitsMax = 15;
/** More of them are rare, and are read step by step. */
const usualArgumentsMax = 64;
/** Longer numbers are rare, and are read step by step. */
const usualDigitsMax = 7;

/** Inside: the file ends within a record. */
const TORN = Symbol("torn");

export interface RecordReading {
  /** The two bytes behind an argument must be a line end. */
  readonly isStrict?: boolean;
  /** Is told of every annotation, its line end left out, and where it stands. */
  annotation?(line: string, offset: number): void;
}

export class RecordReader {
  private readonly file: ByteSource;
  private readonly reading: RecordReading;
  private readonly sizeBytes: number;
  /** Part of the file: the byte at `windowStart` + i is `window[i]`. */
  private window: Buffer = Buffer.alloc(0);
  private windowStart: number;
  /** Position in the window. */
  private at = 0;
  private recordEnd: number;
  private usualEnd = 0;
  private torn = false;

  constructor(file: ByteSource, offset: number, reading: RecordReading = {}) {
    this.file = file;
    this.reading = reading;
    this.sizeBytes = file.size();
    this.windowStart = offset;
    this.recordEnd = offset;
  }

  /** Behind the last whole record. */
  get offset(): number {
    return this.recordEnd;
  }

  /** True when the file was found to end inside a record. */
  get isTorn(): boolean {
    return this.torn;
  }

  /**
   * The next record; undefined when there is no whole one any more. Its first argument is mostly a key, and may be one
   * of `keys`.
   * @throws DamagedFile
   */
  next(keys?: KnownKeys): string[] | undefined {
    const record = this.readUsual(keys) ?? this.read();
    if (record !== TORN) return record;
    this.torn = true;
    return undefined;
  }

  /**
   * A record that is whole in the window and written as records mostly are. Undefined, and nothing has happened: it is
   * for `read`, which knows the rest, and what is wrong with it.
   */
  private readUsual(keys: KnownKeys | undefined): string[] | undefined {
    const { window } = this;
    if (window[this.at] !== STAR) return undefined;
    const count = this.usualNumber(this.at + 1);
    if (count < 1 || count > usualArgumentsMax) return undefined;
    let at = this.usualEnd;
    const args = new Array<string>(count);
    for (let index = 0; index < count; index++) {
      if (at >= window.length || window[at] !== DOLLAR) return undefined;
      const length = this.usualNumber(at + 1);
      const start = this.usualEnd;
      at = start + length;
      if (length < 0 || at + 2 > window.length || window[at] !== CR || window[at + 1] !== LF) return undefined;
      if (length <= longestShortWord) args[index] = shortWord(window, start, at);
      else if (index === 1 && keys !== undefined && length <= longestKnownKey) args[1] = keys.word(window, start, at);
      else args[index] = window.toString("latin1", start, at);
      at += 2;
    }
    this.at = at;
    this.recordEnd = this.windowStart + at;
    return args;
  }

  /** A few digits and a line end, with room behind them; −1 where there is anything else. Ends at `usualEnd`. */
  private usualNumber(from: number): number {
    const { window } = this;
    if (from + usualDigitsMax + 2 > window.length) return -1;
    let value = 0;
    let at = from;
    for (; at < from + usualDigitsMax; at++) {
      const digit = (window[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === from || window[at] !== CR || window[at + 1] !== LF) return -1;
    this.usualEnd = at + 2;
    return value;
  }

  private read(): string[] | typeof TORN | undefined {
    for (;;) {
      if (!this.has(1)) return undefined;
      if (this.window[this.at] !== HASH) break;
      // Torn as well: whatever is appended behind half a line would be taken for its other half.
      if (!this.skipLine()) return TORN;
    }
    const start = this.windowStart + this.at;
    if (this.window[this.at] !== STAR) this.fail("a record begins with '*'");
    const count = this.number();
    if (count === undefined) return TORN;
    if (count < 1) this.fail("a record has at least one argument", start);
    const args: string[] = [];
    for (let index = 0; index < count; index++) {
      if (!this.has(1)) return TORN;
      if (this.window[this.at] !== DOLLAR) this.fail("an argument begins with '$'");
      const length = this.number();
      if (length === undefined || !this.has(length + 2)) return TORN;
      const end = this.at + length;
      args.push(
        length <= longestShortWord
          ? shortWord(this.window, this.at, end)
          : this.window.toString("latin1", this.at, end),
      );
      this.at = end;
      if (this.reading.isStrict === true && (this.window[this.at] !== CR || this.window[this.at + 1] !== LF)) {
        this.fail("a line end behind an argument");
      }
      this.at += 2;
    }
    this.recordEnd = this.windowStart + this.at;
    return args;
  }

  /** The number of the line `*3\r\n` at the position, which moves behind it; undefined when the file ends before. */
  private number(): number | undefined {
    this.has(digitsMax + 3);
    let value = 0;
    for (let at = this.at + 1; at < this.window.length; at++) {
      const byte = this.window[at] as number;
      if (byte === CR || byte === LF) {
        if (at === this.at + 1) this.fail("a number follows");
        const end = byte === CR ? at + 2 : at + 1;
        if (end > this.window.length) return undefined;
        if (this.window[end - 1] !== LF) this.fail("the line ends behind its number");
        this.at = end;
        return value;
      }
      if (byte < ZERO || byte > NINE || at - this.at > digitsMax) this.fail("a number of digits alone follows");
      value = value * 10 + byte - ZERO;
    }
    return undefined;
  }

  /** Moves behind the next line end. False when there is none. */
  private skipLine(): boolean {
    for (let wanted = 64; ; wanted *= 2) {
      const complete = this.has(wanted);
      const newline = this.window.subarray(0, this.at + lineBytesMax).indexOf(LF, this.at);
      if (newline >= 0) {
        this.reading.annotation?.(
          this.window.toString("latin1", this.at, newline).trimEnd(),
          this.windowStart + this.at,
        );
        this.at = newline + 1;
        return true;
      }
      if (wanted > lineBytesMax) this.fail(`a line of at most ${lineBytesMax} bytes`);
      if (!complete) return false;
    }
  }

  /** Makes `length` bytes from the position on present; false when the file ends before. */
  private has(length: number): boolean {
    if (this.at + length <= this.window.length) return true;
    const from = this.windowStart + this.at;
    if (from + length > this.sizeBytes && this.windowStart + this.window.length >= this.sizeBytes) return false;
    const bytes = this.file.read(from, Math.max(length, windowBytes));
    this.window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.windowStart = from;
    this.at = 0;
    return length <= this.window.length;
  }

  private fail(expected: string, offset = this.windowStart + this.at): never {
    throw new DamagedFile(this.file.path, offset, expected);
  }
}
