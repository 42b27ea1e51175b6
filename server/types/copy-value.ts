/** A copy of a value that shares nothing with it, and has the same encoding. */
import { assert } from "../assert.ts";
import { BytesIn } from "../codec/bytes-in.ts";
import { RdbBytes } from "../codec/bytes-out.ts";
import { dataTypeOf } from "./data-types.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import type { Value } from "./value.ts";

/** By way of the bytes that an RDB would hold: no type needs a second way to be read in whole. */
export function copyValue(value: Value, limits: EncodingLimits): Value {
  if (typeof value !== "object") return value;
  const dataType = dataTypeOf(value);
  const bytes = new RdbBytes(false);
  dataType.writeRdb(value, bytes);
  const copy = dataType.readRdb(dataType.rdbTypeOf(value), new BytesIn(bytes.take(), "a copied value"), limits);
  assert(copy !== undefined, "a value of the keyspace is not empty");
  return copy;
}
