/**
 * Writes the parts of an RDB file (see format.ts), in the order in which they are called. Where the bytes go, who
 * compresses them and who adds the checksum behind the end is the sink's business.
 */
import { type BytesOut, RdbBytes } from "../codec/bytes-out.ts";
import { Crc64 } from "../codec/crc64.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import type { FrozenValue } from "../types/data-type.ts";
import { dataTypeOf } from "../types/data-types.ts";
import type { Value } from "../types/value.ts";
import { magic, opcode, writtenVersion, writtenVersionWithFieldDeadlines } from "./format.ts";

const pieceBytes = 256 * 1024;

/** What a file says about its making. */
export interface RdbHead {
  /** Of the store. */
  readonly version: string;
  readonly wallMs: number;
  readonly usedMemoryBytes: number;
  /** The file is the base of an AOF: it is loaded without dropping what has expired. */
  readonly aofBase: boolean;
  /** A hash among the keys has fields that expire. */
  readonly hasFieldDeadlines: boolean;
}

export function writeRdbHead(out: BytesOut, head: RdbHead): void {
  const version = head.hasFieldDeadlines ? writtenVersionWithFieldDeadlines : writtenVersion;
  out.text(magic + String(version).padStart(4, "0"));
  writeAux(out, "redis-ver", head.version);
  writeAux(out, "redis-bits", 64);
  writeAux(out, "ctime", Math.floor(head.wallMs / 1000));
  writeAux(out, "used-mem", head.usedMemoryBytes);
  writeAux(out, "aof-base", head.aofBase ? 1 : 0);
}

export function writeAux(out: BytesOut, name: string, value: string | number): void {
  out.u8(opcode.aux);
  out.string(name);
  out.string(value);
}

/** `library`: its whole source, with the line that names it. Before the first database. */
export function writeFunction(out: BytesOut, library: string): void {
  out.u8(opcode.function);
  out.string(library);
}

/** Before the first key of a database. The counts are hints for the reader. */
export function writeDatabase(out: BytesOut, index: number, keyCount: number, expiresCount: number): void {
  out.u8(opcode.selectDb);
  out.length(index);
  out.u8(opcode.resizeDb);
  out.length(keyCount);
  out.length(expiresCount);
}

export function writeKey(out: BytesOut, key: string, value: Value, deadlineMs: number): void {
  if (deadlineMs !== NEVER) writeDeadline(out, deadlineMs);
  if (typeof value !== "object") {
    // The most common case needs no look into the table of types.
    out.u8(0);
    out.string(key);
    out.string(value);
    return;
  }
  const dataType = dataTypeOf(value);
  out.u8(dataType.rdbTypeOf(value));
  out.string(key);
  dataType.writeRdb(value, out);
}

/** A key whose value was frozen because it is too large for one turn; pauses between slices. */
export function* writeFrozenKey(
  out: BytesOut,
  key: string,
  value: FrozenValue,
  deadlineMs: number,
): Generator<undefined, void, undefined> {
  if (deadlineMs !== NEVER) writeDeadline(out, deadlineMs);
  out.u8(value.rdbType);
  out.string(key);
  yield* value.writeRdb(out);
}

/** The last byte that the checksum covers. */
export function writeRdbEnd(out: BytesOut): void {
  out.u8(opcode.end);
}

function writeDeadline(out: BytesOut, deadlineMs: number): void {
  out.u8(opcode.expireMs);
  out.u64le(BigInt.asUintN(64, BigInt(deadlineMs)));
}

/** Makes a file of what is written: pieces of it, and the checksum behind the end. */
export class RdbFileBytes {
  readonly out: RdbBytes;
  private readonly sum: Crc64 | undefined;
  private readonly append: (bytes: Buffer) => void;

  /** `append` takes the pieces; their memory is used again when it has returned. */
  constructor(options: { compress: boolean; checksum: boolean }, append: (bytes: Buffer) => void) {
    this.out = new RdbBytes(options.compress, pieceBytes + 64 * 1024);
    this.sum = options.checksum ? new Crc64() : undefined;
    this.append = append;
  }

  /** To be called now and then: hands on what has gathered, when it is worth a write. */
  flushWhenFull(): void {
    if (this.out.size >= pieceBytes) this.flush();
  }

  /** After the end was written: hands on the rest and the checksum. */
  close(): void {
    this.flush();
    this.append(this.sum?.toBytes() ?? Buffer.alloc(8));
  }

  private flush(): void {
    const bytes = this.out.take();
    this.sum?.add(bytes);
    this.append(bytes);
  }
}
