/**
 * Turns a stream of bytes into requests, however it was cut into pieces.
 *
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n      an array of bulk strings
 *     SET k value\r\n                                     the inline form, as typed into telnet
 *
 * The decoder reads straight from the piece that arrived and copies only what is left over of an unfinished request, so
 * a pipelined batch costs no copy and a large value is copied once.
 */
import { longestShortWord, shortWord } from "./short-words.ts";
import { splitArguments } from "./split-arguments.ts";

/** The peer does not speak the protocol. The text is what it is told before it is cut off. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

const maxInlineBytes = 64 * 1024;
const maxArguments = 2 ** 31 - 1;
/** The longest string that V8 can hold is 24 bytes short of Redis's default limit of 512 MiB. */
const maxStringBytes = 2 ** 29 - 24;
const believedArguments = 16;
const strangerArguments = 10;
const strangerBulkBytes = 16 * 1024;
/** What a string costs beside its characters. */
const argumentOverheadBytes = 32;
/** Of a longer key its bytes cost more than a call into Node. */
export const longestKnownKey = 64;
const CR = 13;
const LF = 10;
const ZERO = 48;
const STAR = 42;
const DOLLAR = 36;
const none = Buffer.alloc(0);

/** Whoever keeps keys: gives the latin1 string of some bytes, the one that it has where it has it. */
export interface KnownKeys {
  word(bytes: Buffer, from: number, to: number): string;
}

export class RequestDecoder {
  /** Settable: `proto-max-bulk-len`. */
  maxBulkBytes = maxStringBytes;
  /** True: a stranger, who may send only what AUTH and HELLO need. */
  isStranger = false;
  /** Bytes not decoded yet: `bytes` from `position` to `end`. */
  private bytes: Buffer = none;
  private position = 0;
  private end = 0;
  /** True while `bytes` is our own memory and not the piece that arrived. */
  private owned = false;
  /** The request under way. */
  private args: string[] = [];
  private argCount = 0;
  private argsBytes = 0;
  private missingArgs = 0;
  private shortEnd = 0;
  /** Length of the bulk string whose header was read; −1 = the header comes next. */
  private bulkBytes = -1;

  /** What is held of requests that `next` has not given yet; for a decoded argument some bytes more than its length. */
  get pendingBytes(): number {
    return this.end - this.position + this.argsBytes;
  }

  /** Takes a piece. Call `next` until it gives undefined, then `release`, before the next piece. */
  feed(piece: Buffer): void {
    if (this.position === this.end) {
      this.bytes = piece;
      this.position = 0;
      this.end = piece.length;
      this.owned = false;
      return;
    }
    this.reserve(piece.length);
    piece.copy(this.bytes, this.end);
    this.end += piece.length;
  }

  /**
   * The next complete request; undefined when more bytes are needed. An empty request is never given. Its first argument
   * is mostly a key, and mostly one of `keys`.
   */
  next(keys?: KnownKeys): string[] | undefined {
    const whole = this.whole(keys);
    if (whole !== undefined) return whole;
    for (;;) {
      if (this.missingArgs === 0) {
        if (this.position === this.end) return undefined;
        if (this.bytes[this.position] !== STAR) {
          const words = this.inline();
          if (words === undefined || words.length > 0) return words;
          continue;
        }
        const count = this.header("invalid multibulk length", maxArguments);
        if (count === undefined) return undefined;
        if (count <= 0) continue;
        if (this.isStranger && count > strangerArguments) {
          throw new ProtocolError("unauthenticated multibulk length");
        }
        this.missingArgs = count;
        this.argCount = 0;
        // A stated count is only believed as far as it is cheap: what was not sent must not cost memory.
        this.args = count <= believedArguments ? new Array<string>(count) : [];
      }
      if (!this.arguments(keys)) return undefined;
      this.argsBytes = 0;
      return this.args;
    }
  }

  /** Keeps what is left over: the piece's memory belongs to whoever fed it. */
  release(): void {
    if (this.position === this.end) {
      this.bytes = none;
      this.position = this.end = 0;
    } else if (!this.owned) {
      this.reserve(0);
    }
  }

  /**
   * A request that is there as a whole, and written as requests mostly are. Undefined, and nothing has happened: it is
   * for the steps below, which know the rest, and what is wrong with it.
   */
  private whole(keys: KnownKeys | undefined): string[] | undefined {
    const { bytes, end } = this;
    if (this.missingArgs > 0 || this.isStranger) return undefined;
    if (this.position === end || bytes[this.position] !== STAR) return undefined;
    const count = this.shortNumber(this.position + 1);
    if (count < 1 || count > believedArguments) return undefined;
    let at = this.shortEnd;
    const args = new Array<string>(count);
    for (let index = 0; index < count; index++) {
      if (at === end || bytes[at] !== DOLLAR) return undefined;
      const length = this.shortNumber(at + 1);
      const start = this.shortEnd;
      at = start + length;
      if (length < 0 || at + 2 > end || length > this.maxBulkBytes) return undefined;
      if (length <= longestShortWord) args[index] = shortWord(bytes, start, at);
      else if (index === 1 && keys !== undefined && length <= longestKnownKey) args[1] = keys.word(bytes, start, at);
      else args[index] = bytes.toString("latin1", start, at);
      at += 2;
    }
    this.position = at;
    return args;
  }

  /** Up to three digits and a line end; −1 where there is anything else. Ends at `shortEnd`. */
  private shortNumber(from: number): number {
    const { bytes, end } = this;
    if (from + 3 > end) return -1;
    let value = (bytes[from] as number) - ZERO;
    if (value < 0 || value > 9) return -1;
    let at = from + 1;
    for (; at < from + 3; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at + 2 > end || bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
    this.shortEnd = at + 2;
    return value;
  }

  private arguments(keys: KnownKeys | undefined): boolean {
    while (this.missingArgs > 0) {
      if (this.bulkBytes < 0) {
        if (this.position === this.end) return false;
        const first = this.bytes[this.position] as number;
        if (first !== DOLLAR) throw new ProtocolError(`expected '$', got '${printable(first)}'`);
        const length = this.header("invalid bulk length", Math.min(this.maxBulkBytes, maxStringBytes));
        if (length === undefined) return false;
        if (length < 0) throw new ProtocolError("invalid bulk length");
        if (this.isStranger && length > strangerBulkBytes) throw new ProtocolError("unauthenticated bulk length");
        this.bulkBytes = length;
      }
      const after = this.position + this.bulkBytes;
      if (after + 2 > this.end) {
        if (this.owned || this.bulkBytes > 16 * 1024) this.reserve(after + 2 - this.end);
        return false;
      }
      this.args[this.argCount] = this.argument(after, keys);
      this.argCount++;
      this.position = after + 2;
      this.argsBytes += this.bulkBytes + argumentOverheadBytes;
      this.bulkBytes = -1;
      this.missingArgs--;
    }
    return true;
  }

  /** What stands from the position up to `end`. */
  private argument(end: number, keys: KnownKeys | undefined): string {
    const { bytes, position, bulkBytes } = this;
    if (bulkBytes <= longestShortWord) return shortWord(bytes, position, end);
    if (this.argCount === 1 && keys !== undefined && bulkBytes <= longestKnownKey) {
      return keys.word(bytes, position, end);
    }
    return bytes.toString("latin1", position, end);
  }

  /** The number of a line like `*3\r\n`; undefined when the line is not complete. */
  private header(complaint: string, max: number): number | undefined {
    let at = this.position + 1;
    let negative = false;
    let value = 0;
    for (; at < this.end; at++) {
      const byte = this.bytes[at] as number;
      if (byte === CR) {
        if (at + 1 >= this.end) return undefined;
        if (at === this.position + 1 + (negative ? 1 : 0)) throw new ProtocolError(complaint);
        this.position = at + 2;
        if (value > max) throw new ProtocolError(complaint);
        return negative ? -value : value;
      }
      if (byte === 45 && at === this.position + 1) negative = true;
      else if (byte >= 48 && byte <= 57 && value <= max) value = value * 10 + byte - 48;
      else throw new ProtocolError(complaint);
    }
    return undefined;
  }

  private inline(): string[] | undefined {
    const newline = this.bytes.subarray(0, this.end).indexOf(10, this.position);
    if (newline < 0) {
      if (this.end - this.position > maxInlineBytes) throw new ProtocolError("too big inline request");
      return undefined;
    }
    const line = this.bytes.toString("latin1", this.position, newline);
    this.position = newline + 1;
    const words = splitArguments(line);
    if (words === undefined) throw new ProtocolError("unbalanced quotes in request");
    return words;
  }

  /** Makes what is left over our own, with room for `more` bytes behind it. */
  private reserve(more: number): void {
    const length = this.end - this.position;
    if (!this.owned || this.bytes.length - this.end < more) {
      const wanted = length + more;
      const roomy = this.owned && this.bytes.length >= wanted && this.position > 0;
      const target = roomy ? this.bytes : Buffer.allocUnsafe(Math.max(wanted + (wanted >> 1), 1024));
      this.bytes.copy(target, 0, this.position, this.end);
      this.bytes = target;
      this.position = 0;
      this.end = length;
      this.owned = true;
    }
  }
}

function printable(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
}
