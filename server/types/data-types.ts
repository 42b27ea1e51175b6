/** The table of data types. Adding one: its value class, its type file, and a line here. */
import type { DataType } from "./data-type.ts";
import { hashType } from "./hash-type.ts";
import { listType } from "./list-type.ts";
import { setType } from "./set-type.ts";
import { sortedSetType } from "./sorted-set-type.ts";
import { streamType } from "./stream-type.ts";
import { stringType } from "./string-type.ts";
import { typeOf, type Value } from "./value.ts";

export const dataTypes = [
  stringType,
  listType,
  setType,
  sortedSetType,
  hashType,
  streamType,
] as readonly DataType<Value>[];

const byName = new Map(dataTypes.map((dataType) => [dataType.name, dataType]));
const byRdbType = new Map(dataTypes.flatMap((dataType) => dataType.rdbTypes.map((rdbType) => [rdbType, dataType])));

export function dataTypeOf(value: Value): DataType<Value> {
  return byName.get(typeOf(value)) as DataType<Value>;
}

/** Undefined when no type understands that RDB type byte. */
export function dataTypeOfRdb(rdbType: number): DataType<Value> | undefined {
  return byRdbType.get(rdbType);
}
