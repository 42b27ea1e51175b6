/** A value of the keyspace: strings are JavaScript strings or numbers, every other type is a class that names itself. */
import type { TypeName } from "./data-type.ts";

/** Latin1, or a canonical integer within 2^53 as a number. */
export type StringValue = string | number;

export interface Collection {
  readonly type: Exclude<TypeName, "string">;
  /** As OBJECT ENCODING names it. */
  readonly encoding: string;
}

export type Value = StringValue | Collection;

export function typeOf(value: Value): TypeName {
  return typeof value === "object" ? value.type : "string";
}
