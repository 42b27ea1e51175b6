/**
 * Records on their way to the log's file, as commands are written:
 *
 *     *2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n          when the database is not the one last written to this file
 *     #TS:1628217470\r\n                         when the second has changed, if that is asked for
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n
 *
 * They are joined as text and become bytes once, when they are written.
 */

/** Text beyond this is made bytes early: a string has its limits. */
const textLengthMax = 1024 * 1024;

export class RecordBuffer {
  private text = "";
  private pieces: Buffer[] = [];
  private piecesBytes = 0;
  private selectedDb = -1;
  private stampedS = 0;

  get sizeBytes(): number {
    return this.piecesBytes + this.text.length;
  }

  /** Returns how many bytes it took. */
  add(dbIndex: number, request: readonly string[], stampS: number | undefined): number {
    let record = "";
    if (stampS !== undefined && stampS !== this.stampedS) {
      record = formatStamp(stampS);
      this.stampedS = stampS;
    }
    if (dbIndex !== this.selectedDb) {
      record += formatRecord(["SELECT", String(dbIndex)]);
      this.selectedDb = dbIndex;
    }
    record += formatRecord(request);
    this.text += record;
    if (this.text.length > textLengthMax) this.seal();
    return record.length;
  }

  /** The next record begins another file: there, database 0 is selected, and the time is not known. */
  beginFile(): void {
    this.selectedDb = -1;
    this.stampedS = 0;
  }

  /** Everything, in pieces. It stays until `drop` says how much of it is not needed any more. */
  bytes(): readonly Buffer[] {
    this.seal();
    return this.pieces;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.seal();
    let rest = count;
    while (rest > 0) {
      const first = this.pieces[0] as Buffer;
      if (first.length > rest) {
        this.pieces[0] = first.subarray(rest);
        break;
      }
      rest -= first.length;
      this.pieces.shift();
    }
    this.piecesBytes -= count;
  }

  private seal(): void {
    if (this.text === "") return;
    this.pieces.push(Buffer.from(this.text, "latin1"));
    this.piecesBytes += this.text.length;
    this.text = "";
  }
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
