/**
 * The log's last file as its writer knows it: how far it is written, how far it is durable, and what was written and is
 * not durable yet, kept so that it can be written again.
 *
 *     ├──────── durable ────────┤├──── kept ────┤├ sealed ┤
 *                               durableBytes     boundaryBytes: behind the last whole write
 *
 * What is sealed is written exactly as it is, however many tries that takes: a batch (see batch.ts) whose line says
 * where it stands, or, without batches, records as they are.
 */
import type { DiskFile } from "../world/world.ts";
import type { BatchChain } from "./batch.ts";

export interface Sealed {
  /** What is still to be written. */
  pieces: readonly Buffer[];
  readonly holdsRecords: boolean;
  /** The log's position behind it. */
  readonly position: number;
}

export interface LogFileKind {
  /** Undefined: a file without batches. */
  readonly chain: BatchChain | undefined;
  /** Whether what it holds already is known to be durable. */
  readonly isDurable: boolean;
  /** Whether what is not durable yet is kept. */
  readonly keeps: boolean;
}

export class LogFile {
  readonly file: DiskFile;
  readonly chain: BatchChain | undefined;
  sealed: Sealed | undefined;
  /** Of the file, parts of a write included. */
  sizeBytes: number;
  private boundary: number;
  private durable: number;
  private recordsEnd: number;
  private attested: number;
  private readonly keeps: boolean;
  private kept: { readonly offset: number; readonly bytes: Buffer }[] = [];
  /** A sync failed: what is kept has to be written again before another one means anything. */
  private isSuspect = false;

  constructor(file: DiskFile, { chain, isDurable, keeps }: LogFileKind) {
    this.file = file;
    this.chain = chain;
    this.keeps = keeps;
    this.sizeBytes = this.boundary = this.recordsEnd = file.size();
    this.durable = isDurable ? this.sizeBytes : 0;
    this.attested = 0;
  }

  get boundaryBytes(): number {
    return this.boundary;
  }

  get isUnsynced(): boolean {
    return this.durable < this.sizeBytes;
  }

  /** Records are durable, and no line says so yet: should they rot, nobody would know that they had been there. */
  get owesAttestation(): boolean {
    return this.chain !== undefined && this.attested < this.recordsEnd && this.recordsEnd <= this.durable;
  }

  get unwrittenBytes(): number {
    return this.sealed?.pieces.reduce((sum, piece) => sum + piece.length, 0) ?? 0;
  }

  /**
   * `records` go to the file next, in one batch; none: a line that attests. Their memory may be used for others after
   * the try to write them: `keepSealed` when that fails.
   */
  seal(records: readonly Buffer[], position: number): void {
    const line = this.chain?.line(this.sizeBytes, records, this.durable);
    if (line !== undefined) this.attested = this.durable;
    this.sealed = {
      pieces: line === undefined ? records : [line, ...records],
      holdsRecords: records.length > 0,
      position,
    };
  }

  /** All that was sealed is in the file. */
  wrote(sealed: Sealed): void {
    for (const piece of sealed.pieces) this.took(piece);
    this.boundary = this.sizeBytes;
    if (sealed.holdsRecords) this.recordsEnd = this.boundary;
    this.sealed = undefined;
  }

  keepSealed(sealed: Sealed): void {
    sealed.pieces = sealed.pieces.map((piece) => Buffer.from(piece));
  }

  /** Only the first bytes of it are in the file, and stay there. */
  wroteFirst(sealed: Sealed, count: number): void {
    let rest = count;
    const left: Buffer[] = [];
    for (const piece of sealed.pieces) {
      const taken = Math.min(rest, piece.length);
      rest -= taken;
      if (taken > 0) this.took(piece.subarray(0, taken));
      if (taken < piece.length) left.push(piece.subarray(taken));
    }
    sealed.pieces = left;
  }

  private took(piece: Buffer): void {
    if (this.keeps) this.kept.push({ offset: this.sizeBytes, bytes: Buffer.from(piece) });
    this.sizeBytes += piece.length;
  }

  // ── Syncs ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Before a sync: what an earlier one that failed has left behind is written again. @throws DiskError */
  prepareSync(): void {
    if (!this.isSuspect) return;
    for (const { offset, bytes } of this.kept) this.file.overwrite(offset, bytes);
    this.isSuspect = false;
  }

  /** A sync that began at this boundary has ended. */
  synced(boundary: number): void {
    if (boundary > this.durable) this.durable = boundary;
    this.kept = this.kept.filter(({ offset }) => offset >= boundary);
  }

  syncFailed(): void {
    this.isSuspect = this.keeps;
  }
}
