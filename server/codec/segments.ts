/**
 * How a snapshot travels to its saver: the server writes segments, the saver makes the file's bytes of them. What costs
 * time (compression, checksum) is thereby done in the other process.
 *
 *     tag │ length, u32 LE │ bytes                  tags:  1 verbatim       the bytes as they are
 *      1  │              9 │ type, key …                   2 compressible   an RDB string: compress it, write its length
 *      2  │            100 │ a value                       3 end            nothing follows, the snapshot is whole
 *      3  │              0 │
 *
 * A stream that stops without an end belongs to a server that died: its bytes are no snapshot.
 */
import { assert } from "../assert.ts";
import { GrowingBytes, type RdbBytes } from "./bytes-out.ts";

const verbatim = 1;
const compressible = 2;
const end = 3;
const headBytes = 5;
/** Pieces are handed over at about 256 KiB: a buffer of that size with room for the value that crosses the line. */
const pieceCapacityBytes = 320 * 1024;

/** The server's side. */
export class SegmentBytes extends GrowingBytes {
  private readonly compress: boolean;
  /** Memory of pieces that the taker gave back. */
  private readonly spare: Buffer[] = [];
  /** Where the head of the open verbatim segment is; there always is one, so plain writing costs nothing more. */
  private openHead = 0;

  constructor(compress: boolean) {
    super(pieceCapacityBytes);
    this.compress = compress;
    this.open();
  }

  /** How many bytes wait to be taken. */
  get size(): number {
    return this.at;
  }

  /** What was written so far, as whole segments; the memory is the taker's until it gives it back. */
  take(): Buffer {
    this.close();
    const bytes = this.buffer.subarray(0, this.at);
    this.buffer = this.spare.pop() ?? Buffer.allocUnsafeSlow(pieceCapacityBytes);
    this.at = 0;
    this.open();
    return bytes;
  }

  /**
   * The memory of a piece may be written to again. Without that a large snapshot would be as much new memory, and the
   * garbage collector would stop the server for it again and again.
   */
  giveBack(piece: Buffer): void {
    if (piece.buffer.byteLength === pieceCapacityBytes) this.spare.push(Buffer.from(piece.buffer));
  }

  /** Marks the snapshot as whole. Nothing may be written after it. */
  end(): void {
    this.close();
    this.head(end, 0);
    this.open();
  }

  protected override compressibleText(latin1: string): void {
    if (!this.compress) {
      this.plain(latin1);
      return;
    }
    this.close();
    this.head(compressible, latin1.length);
    this.text(latin1);
    this.open();
  }

  protected override compressibleBytes(bytes: Uint8Array, from: number, to: number): void {
    if (!this.compress) {
      this.lengthAndBytes(bytes, from, to);
      return;
    }
    this.close();
    this.head(compressible, to - from);
    this.bytes(bytes, from, to);
    this.open();
  }

  private open(): void {
    this.openHead = this.at;
    this.head(verbatim, 0);
  }

  /** Writes the length of the open segment; one without bytes vanishes. */
  private close(): void {
    const length = this.at - this.openHead - headBytes;
    if (length === 0) this.at = this.openHead;
    else this.putLength(this.openHead + 1, length);
  }

  private head(tag: number, length: number): void {
    this.reserve(headBytes);
    this.buffer[this.at] = tag;
    this.putLength(this.at + 1, length);
    this.at += headBytes;
  }

  /** There are two or three of them for every key, which makes a call into Node's checks worth sparing. */
  private putLength(at: number, length: number): void {
    const { buffer } = this;
    buffer[at] = length;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length >>> 16;
    buffer[at + 3] = length >>> 24;
  }
}

/** The saver's side: takes the pieces as they arrive, however they were cut, and writes the file's bytes. */
export class SegmentReader {
  private readonly out: RdbBytes;
  /** The head under way. */
  private readonly head = Buffer.alloc(headBytes);
  private headFilled = 0;
  /** What is still to come of the verbatim segment under way. */
  private verbatimBytes = 0;
  /** The compressible string under way: it is needed whole. */
  private partial: Buffer | undefined;
  private partialFilled = 0;
  private whole = false;

  constructor(out: RdbBytes) {
    this.out = out;
  }

  /** True when the end has arrived. */
  get ended(): boolean {
    return this.whole;
  }

  feed(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.verbatimBytes > 0) {
        const length = Math.min(this.verbatimBytes, piece.length - at);
        this.out.bytes(piece, at, at + length);
        this.verbatimBytes -= length;
        at += length;
      } else if (this.partial !== undefined) {
        const length = piece.copy(this.partial, this.partialFilled, at);
        this.partialFilled += length;
        at += length;
        if (this.partialFilled < this.partial.length) return;
        this.out.packed(this.partial);
        this.partial = undefined;
      } else {
        this.head[this.headFilled++] = piece[at++] as number;
        if (this.headFilled < headBytes) continue;
        this.headFilled = 0;
        at = this.begin(piece, at);
      }
    }
  }

  /** Begins the segment whose head was read; returns where the next one begins when it is all in the piece. */
  private begin(piece: Buffer, at: number): number {
    const { head } = this;
    const tag = head[0] as number;
    const length = head.readUInt32LE(1);
    assert(!this.whole, "nothing follows the end");
    if (tag === verbatim) {
      this.verbatimBytes = length;
      return at;
    }
    if (tag === end) {
      this.whole = true;
      return at;
    }
    assert(tag === compressible, `a segment's tag is known, not ${tag}`);
    if (at + length <= piece.length) {
      this.out.packed(piece, at, at + length);
      return at + length;
    }
    this.partial = Buffer.allocUnsafe(length);
    this.partialFilled = 0;
    return at;
  }
}
