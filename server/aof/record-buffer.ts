/**
 * Records on their way to the log's file, as commands are written:
 *
 *     *2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n          when the database is not the one last written to this file
 *     #TS:1628217470\r\n                         when the second has changed, if that is asked for
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n
 *
 * They become bytes at once, in a piece of memory that is used again after every write: a turn makes no garbage, and all
 * of it leaves in one write. Only what does not fit takes further pieces.
 *
 *     pieces   [ full ] [ full ]        current   [ records │ room ]
 */

const pieceBytes = 256 * 1024;
/** Below this a loop is faster than a call into Node. */
const shortText = 48;
/** Sigil, digits of a 32-bit length and two line ends: what a count or an argument takes beside its bytes. */
const frameBytesMax = 1 + 10 + 2 + 2;
const CR = 13;
const LF = 10;
const ZERO = 48;
const STAR = 42;
const DOLLAR = 36;

export class RecordBuffer {
  private pieces: Buffer[] = [];
  private piecesBytes = 0;
  /** Not before there is something to write: a store that only loads needs none. */
  private current = Buffer.alloc(0);
  private filled = 0;
  private selectedDb = -1;
  private stampedS = 0;

  get sizeBytes(): number {
    return this.piecesBytes + this.filled;
  }

  /** Returns how many bytes it took. */
  add(dbIndex: number, request: readonly string[], stampS: number | undefined): number {
    const before = this.piecesBytes + this.filled;
    if (stampS !== undefined && stampS !== this.stampedS) {
      this.stampedS = stampS;
      const stamp = formatStamp(stampS);
      this.reserve(stamp.length);
      this.filled = putText(this.current, this.filled, stamp);
    }
    if (dbIndex !== this.selectedDb) {
      this.selectedDb = dbIndex;
      this.record(["SELECT", String(dbIndex)]);
    }
    this.record(request);
    return this.piecesBytes + this.filled - before;
  }

  /** The next record begins another file: there, database 0 is selected, and the time is not known. */
  beginFile(): void {
    this.selectedDb = -1;
    this.stampedS = 0;
  }

  /** Takes everything out, in pieces that are valid until something is added. */
  take(): readonly Buffer[] {
    const taken = this.filled === 0 ? this.pieces : [...this.pieces, this.current.subarray(0, this.filled)];
    this.pieces = [];
    this.piecesBytes = 0;
    this.filled = 0;
    if (this.current.length > pieceBytes) this.current = Buffer.allocUnsafeSlow(pieceBytes);
    return taken;
  }

  private record(request: readonly string[]): void {
    const count = request.length;
    let size = (count + 1) * frameBytesMax;
    for (let index = 0; index < count; index++) size += (request[index] as string).length;
    this.reserve(size);
    const { current } = this;
    let at = putHead(current, this.filled, STAR, count);
    for (let index = 0; index < count; index++) {
      const arg = request[index] as string;
      at = putText(current, putHead(current, at, DOLLAR, arg.length), arg);
      current[at++] = CR;
      current[at++] = LF;
    }
    this.filled = at;
  }

  /** Makes room for so many bytes in `current`. */
  private reserve(bytes: number): void {
    if (this.filled + bytes <= this.current.length) return;
    if (this.filled > 0) {
      this.pieces.push(this.current.subarray(0, this.filled));
      this.piecesBytes += this.filled;
      this.filled = 0;
    }
    this.current = Buffer.allocUnsafeSlow(Math.max(bytes, pieceBytes));
  }
}

/** A line like `*3\r\n`. Returns where it ends. */
function putHead(bytes: Buffer, from: number, sigil: number, value: number): number {
  let at = from;
  bytes[at++] = sigil;
  if (value < 10) {
    bytes[at++] = ZERO + value;
  } else if (value < 100) {
    const tens = (value / 10) | 0;
    bytes[at++] = ZERO + tens;
    bytes[at++] = ZERO + value - tens * 10;
  } else {
    at = putText(bytes, at, String(value));
  }
  bytes[at++] = CR;
  bytes[at++] = LF;
  return at;
}

/** Returns where it ends. */
function putText(bytes: Buffer, from: number, text: string): number {
  const { length } = text;
  if (length > shortText) return from + bytes.write(text, from, "latin1");
  let at = from;
  for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
  return at;
}

export function formatRecord(request: readonly string[]): string {
  let record = `*${request.length}\r\n`;
  for (const arg of request) record += `$${arg.length}\r\n${arg}\r\n`;
  return record;
}

/** The annotation that says when what follows was written. */
export function formatStamp(stampS: number): string {
  return `#TS:${stampS}\r\n`;
}
