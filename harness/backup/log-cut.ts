/**
 * Where the last whole unit of a log ends, found while its bytes go by: a log that is being written may be copied up to
 * the middle of a command, or of a transaction. A loader would cut the half command off; but redis-server 7 leaves a
 * transaction open that was torn within a command, and what it writes behind it is lost at the next start.
 *
 *     *1 MULTI  *3 SET a 1  *1 EXEC  *3 SET b 2  *1 MULTI  *3 SET c
 *                                              ▲ end
 */

type State = "first" | "count" | "length" | "payload" | "annotation";

export class LogCut {
  private state: State = "first";
  private line = "";
  /** Arguments of the command at hand that are still to come. */
  private argumentsLeft = 0;
  /** Of the argument at hand, its line end included. */
  private bytesLeft = 0;
  private isName = false;
  private name = "";
  private inTransaction = false;
  private odd = false;
  private at = 0;
  private whole = 0;

  /** Behind the last whole command that is in no open transaction. */
  get endBytes(): number {
    return this.odd ? this.at : this.whole;
  }

  /** How many bytes went by. */
  get seenBytes(): number {
    return this.at;
  }

  see(piece: Uint8Array): void {
    for (let index = 0; index < piece.length; ) {
      if (this.odd) {
        this.at += piece.length - index;
        return;
      }
      if (this.state === "payload") index += this.passPayload(piece, index);
      else {
        this.at++;
        this.takeByte(String.fromCharCode(piece[index++] as number));
      }
    }
  }

  private passPayload(piece: Uint8Array, from: number): number {
    const count = Math.min(this.bytesLeft, piece.length - from);
    // Only the name of a command matters, and only MULTI and EXEC among names.
    if (this.isName && this.name.length < 8) {
      this.name += Buffer.from(piece.subarray(from, from + Math.min(count, 8))).toString("latin1");
    }
    this.bytesLeft -= count;
    this.at += count;
    if (this.bytesLeft === 0) this.endArgument();
    return count;
  }

  private takeByte(character: string): void {
    if (this.state === "first") {
      this.line = "";
      if (character === "*") this.state = "count";
      else if (character === "#") this.state = "annotation";
      // Not a log of commands, or a damaged one: nothing is cut off that somebody may still want to look at.
      else this.odd = true;
      return;
    }
    if (character !== "\n") {
      this.line += character;
      return;
    }
    if (this.state === "annotation") this.endCommand();
    else if (this.state === "count") this.beginCommand();
    else this.beginArgument();
  }

  private beginCommand(): void {
    this.argumentsLeft = numberIn(this.line);
    this.isName = true;
    this.line = "";
    this.state = "length";
    if (!(this.argumentsLeft >= 1)) this.odd = true;
  }

  private beginArgument(): void {
    const length = this.line.startsWith("$") ? numberIn(this.line.slice(1)) : Number.NaN;
    if (!(length >= 0)) this.odd = true;
    this.bytesLeft = length + 2;
    this.name = this.isName ? "" : this.name;
    this.line = "";
    this.state = "payload";
  }

  private endArgument(): void {
    this.isName = false;
    this.argumentsLeft--;
    this.state = "length";
    if (this.argumentsLeft > 0) return;
    const name = this.name.trimEnd().toUpperCase();
    if (name === "MULTI") this.inTransaction = true;
    if (name === "EXEC") this.inTransaction = false;
    this.endCommand();
  }

  private endCommand(): void {
    this.state = "first";
    if (!this.inTransaction) this.whole = this.at;
  }
}

function numberIn(line: string): number {
  return /^\d+\r$/.test(line) ? Number(line.slice(0, -1)) : Number.NaN;
}
