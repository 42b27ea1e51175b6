/**
 * What DUMP gives and RESTORE takes: one value, and what is needed not to trust it.
 *
 *     type │ value, as in an RDB file │ version, u16 LE │ crc64 of all before it, LE
 */
import { BytesIn } from "../codec/bytes-in.ts";
import { RdbBytes } from "../codec/bytes-out.ts";
import { crc64 } from "../codec/crc64.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { dataTypeOf, dataTypeOfRdb } from "../types/data-types.ts";
import type { EncodingLimits } from "../types/encoding-limits.ts";
import { HashValue } from "../types/hash.ts";
import type { Value } from "../types/value.ts";
import { compactForms, newestReadVersion, writtenVersion, writtenVersionWithFieldDeadlines } from "./format.ts";

const versionBytes = 2;
const checksumBytes = 8;
const footBytes = versionBytes + checksumBytes;

/** Latin1. */
export function dumpPayload(value: Value, compress: boolean): string {
  const out = new RdbBytes(compress);
  const dataType = dataTypeOf(value);
  out.u8(dataType.rdbTypeOf(value));
  dataType.writeRdb(value, out);
  const hasFieldDeadlines = value instanceof HashValue && value.hasDeadlines;
  out.u16le(hasFieldDeadlines ? writtenVersionWithFieldDeadlines : writtenVersion);
  const bytes = out.take();
  return bytes.toString("latin1") + crc64Text(bytes);
}

function crc64Text(bytes: Uint8Array): string {
  const sum = Buffer.allocUnsafe(checksumBytes);
  sum.writeBigUInt64LE(crc64(bytes));
  return sum.toString("latin1");
}

/** `foot`: the version is from the future, or the checksum is wrong. `content`: the value is damaged, or is none. */
export class BadPayload extends Error {
  override readonly name = "BadPayload";
  readonly part: "foot" | "content";

  constructor(part: "foot" | "content", why: string) {
    super(why);
    this.part = part;
  }
}

export interface PayloadReading {
  readonly limits: EncodingLimits;
  /** False: a wrong checksum is no matter. */
  readonly checksum: boolean;
}

/** @throws BadPayload */
export function valueOfPayload(payload: string, { limits, checksum }: PayloadReading): Value {
  const bytes = Buffer.from(payload, "latin1");
  const content = bytes.length - footBytes;
  if (content < 0) throw new BadPayload("foot", "too short for a payload");
  const version = bytes.readUInt16LE(content);
  if (version > newestReadVersion) throw new BadPayload("foot", `version ${version} is from the future`);
  const sum = content + versionBytes;
  if (checksum && bytes.readBigUInt64LE(sum) !== crc64(bytes.subarray(0, sum))) {
    throw new BadPayload("foot", "the checksum is wrong");
  }
  try {
    const input = new BytesIn(bytes.subarray(0, content), "payload");
    const rdbType = input.u8();
    const value = dataTypeOfRdb(rdbType)?.readRdb(rdbType, input, limits);
    if (value === undefined) throw new BadPayload("content", `nothing can be made of type ${rdbType}`);
    return value;
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    const form = compactForms[bytes[0] as number] ?? "Value";
    throw new BadPayload("content", `${form} integrity check failed: ${error.message}`);
  }
}
