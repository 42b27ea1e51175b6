/**
 * Strings as rows of bits: put together bit by bit, and read and changed as whole numbers of any width.
 *
 *     BITFIELD key SET u8 #1 200 INCRBY i5 3 -7          byte 0    byte 1    …
 *                                                        00011001  11001000      u8 #1: the second of that width
 *                                                           └───┘ i5 at 3
 *
 * `OVERFLOW FAIL` is not drawn: what fails has made the string longer all the same, and redis-server, up to 7.0 at
 * least, neither logs that nor saves it with certainty. Nobody could say what a crash must leave.
 */
import type { Bytes, Reply } from "../recording/history.ts";
import { answers, defineFamily, integer, list, wholeNumber } from "./define.ts";
import type { ModelState } from "./model-state.ts";
import { StringValue } from "./values.ts";

/** Wide enough to lie across bytes, and never beyond what a number holds exactly. */
const widths = ["u1", "u8", "u13", "i5", "i16", "i40"];

type Combine = (one: number, other: number) => number;
const combinations: Readonly<Record<string, Combine>> = {
  AND: (one, other) => one & other,
  OR: (one, other) => one | other,
  XOR: (one, other) => one ^ other,
};

export const bits = defineFamily("strings", {
  BITOP: {
    keys: (args) => args.slice(1),
    generate: (pool) => {
      const how = pool.random.pick([...Object.keys(combinations), "NOT"]);
      const sources = Array.from({ length: how === "NOT" ? 1 : pool.count(3) }, () => pool.key("string"));
      return [how, pool.key("string"), ...sources];
    },
    step: (model, [how = "", target = "", ...sources]) => {
      const texts = sources.map((key) => model.read(key, "string")?.text ?? "");
      const after = how === "NOT" ? inverted(texts[0] ?? "") : combined(combinations[how] as Combine, texts);
      return answers(integer(after.length), (state) => {
        if (after === "") state.remove(target);
        else state.put(target, new StringValue(after));
      });
    },
  },
  BITFIELD: {
    weight: 3,
    generate: (pool) => {
      const change = () => {
        const width = pool.random.pick(widths);
        const offset = pool.random.chance(0.5) ? `#${pool.random.below(6)}` : String(pool.random.below(100));
        return [pool.random.pick(["SET", "INCRBY"]), width, offset, pool.whole()];
      };
      const overflow = pool.random.chance(0.5) ? ["OVERFLOW", pool.random.pick(["WRAP", "SAT"])] : [];
      const read = pool.random.chance(0.3) ? ["GET", "u8", String(pool.random.below(100))] : [];
      return [pool.key("string"), ...change(), ...overflow, ...change(), ...read];
    },
    step: (model, [key = "", ...words]) => {
      const before = model.read(key, "string")?.text ?? "";
      const { after, replies } = changed(before, readChanges(words));
      return answers(list(replies), (state) => replace(state, key, after));
    },
  },
  BITCOUNT: {
    changes: "nothing",
    generate: (pool) => [pool.key("string")],
    step: (model, [key = ""]) => {
      const digits = digitsOf(model.read(key, "string")?.text ?? "");
      return answers(integer(digits.replaceAll("0", "").length));
    },
  },
});

function replace(state: ModelState, key: Bytes, after: Bytes): void {
  state.put(key, new StringValue(after), state.entry(key)?.deadline);
}

function combined(how: Combine, texts: readonly Bytes[]): Bytes {
  const length = Math.max(...texts.map((text) => text.length));
  const codesAt = (index: number) => texts.map((text) => (index < text.length ? text.charCodeAt(index) : 0));
  return Array.from({ length }, (_, index) => String.fromCharCode(codesAt(index).reduce(how))).join("");
}

function inverted(text: Bytes): Bytes {
  return Array.from(text, (char) => String.fromCharCode(~char.charCodeAt(0) & 0xff)).join("");
}

// ── Fields of bits ────────────────────────────────────────────────────────────────────────────────────────────────

interface FieldChange {
  readonly how: "GET" | "SET" | "INCRBY";
  readonly isSigned: boolean;
  readonly width: number;
  /** In bits. */
  readonly offset: number;
  readonly amount: bigint;
  readonly overflow: "WRAP" | "SAT";
}

function readChanges(words: readonly Bytes[]): FieldChange[] {
  const changes: FieldChange[] = [];
  let overflow: FieldChange["overflow"] = "WRAP";
  for (let at = 0; at < words.length; ) {
    const how = words[at++] as Bytes;
    if (how === "OVERFLOW") {
      overflow = words[at++] as FieldChange["overflow"];
      continue;
    }
    const type = words[at++] as Bytes;
    const place = words[at++] as Bytes;
    const width = Number(type.slice(1));
    const offset = place.startsWith("#") ? Number(place.slice(1)) * width : Number(place);
    const amount = how === "GET" ? 0 : wholeNumber(words[at++] as Bytes);
    const isSigned = type.startsWith("i");
    changes.push({ how: how as FieldChange["how"], isSigned, width, offset, amount: BigInt(amount), overflow });
  }
  return changes;
}

/** The string grows first, to the last bit that any change writes. What lies behind it is not looked at. */
function changed(before: Bytes, changes: readonly FieldChange[]): { after: Bytes; replies: Reply[] } {
  const bytesOf = (fields: readonly FieldChange[]) =>
    Math.ceil(Math.max(0, ...fields.map(({ offset, width }) => offset + width)) / 8);
  const grownBytes = Math.max(before.length, bytesOf(changes.filter(({ how }) => how !== "GET")));
  const headBytes = Math.min(grownBytes, bytesOf(changes));
  let row = digitsOf(before.slice(0, headBytes).padEnd(headBytes, "\0"));
  const replies = changes.map((change) => {
    const { how, offset, width, isSigned, amount } = change;
    const found = BigInt(`0b${row.slice(offset, offset + width).padEnd(width, "0")}`);
    const value = isSigned ? BigInt.asIntN(width, found) : found;
    if (how === "GET") return integer(Number(value));
    const wanted = fitted(how === "SET" ? amount : value + amount, change);
    const bitsOfIt = BigInt.asUintN(width, wanted).toString(2).padStart(width, "0");
    row = row.slice(0, offset) + bitsOfIt + row.slice(offset + width);
    return integer(Number(how === "SET" ? value : wanted));
  });
  const codes = Array.from({ length: headBytes }, (_, index) =>
    Number.parseInt(row.slice(index * 8, index * 8 + 8), 2),
  );
  return { after: String.fromCharCode(...codes) + before.slice(headBytes), replies };
}

function digitsOf(text: Bytes): string {
  return Array.from(text, (char) => char.charCodeAt(0).toString(2).padStart(8, "0")).join("");
}

function fitted(wanted: bigint, { how, isSigned, width, overflow }: FieldChange): bigint {
  const most = 2n ** BigInt(isSigned ? width - 1 : width) - 1n;
  const least = isSigned ? -most - 1n : 0n;
  if (wanted >= least && wanted <= most) return wanted;
  if (overflow === "WRAP") return isSigned ? BigInt.asIntN(width, wanted) : BigInt.asUintN(width, wanted);
  // What is set into a field without a sign is taken for one without a sign: below nothing is above everything.
  return wanted > most || (how === "SET" && !isSigned) ? most : least;
}
