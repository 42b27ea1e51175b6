/** Strings: how they are kept, and how files hold them. */
import { canonicalInteger } from "../codec/integers.ts";
import type { DataType } from "./data-type.ts";
import type { StringValue } from "./value.ts";

const rdbString = 0;
/** Longer texts are never within 2^53. */
const longestInteger = 17;

/** A number when the text is a canonical integer within 2^53, else the text. */
export function stringValue(text: string): StringValue {
  return text.length > longestInteger ? text : (canonicalInteger(text) ?? text);
}

export const stringType: DataType<StringValue> = {
  name: "string",
  rdbTypes: [rdbString],
  rdbTypeOf: () => rdbString,
  writeRdb(value, out) {
    out.string(value);
  },
  readRdb(_rdbType, input) {
    const value = input.stringOrInteger();
    return typeof value === "number" ? value : stringValue(value);
  },
  *rebuild(key, value) {
    yield ["SET", key, String(value)];
  },
  itemCount: () => 1,
  freeze: (value) => ({
    rdbType: rdbString,
    *writeRdb(out) {
      out.string(value);
      yield;
    },
    rebuild: (key) => stringType.rebuild(key, value),
    release() {
      // A string cannot change: nothing is kept for the image.
    },
  }),
};
