/**
 * Strings as rows of integers of any width: BITFIELD and BITFIELD_RO.
 *
 *     BITFIELD k SET u4 4 9 INCRBY i5 100 1        an unsigned field of 4 bits at bit 4, a signed one of 5 bits at bit 100
 *     OVERFLOW WRAP | SAT | FAIL                   what becomes of a value that does not fit, for what follows it
 */
import { type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { int64 } from "./arguments.ts";
import { bitOffset } from "./bits.ts";
import { type Args, type Command, ONE_KEY } from "./command.ts";
import { checkLength } from "./string-parts.ts";
import { readString, stringForWrite } from "./strings.ts";

type Overflow = "WRAP" | "SAT" | "FAIL";

interface Field {
  readonly signed: boolean;
  readonly width: number;
  readonly offset: number;
}

interface Step {
  readonly word: "GET" | "SET" | "INCRBY";
  readonly field: Field;
  readonly operand: bigint;
  readonly overflow: Overflow;
}

function readWidth(text: string): { signed: boolean; width: number } {
  const [, sign, digits = ""] = /^([iu])([1-9][0-9]?)$/.exec(text) ?? [];
  const width = Number(digits);
  if (sign === undefined || width > (sign === "i" ? 64 : 63)) {
    throw new ReplyError(
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
    );
  }
  return { signed: sign === "i", width };
}

function readSteps(args: Args, session: Session): Step[] {
  const steps: Step[] = [];
  let overflow: Overflow = "WRAP";
  for (let at = 2; at < args.length; ) {
    const word = (args[at] as string).toUpperCase();
    const left = args.length - at - 1;
    if (word === "OVERFLOW" && left >= 1) {
      const kind = (args[at + 1] as string).toUpperCase();
      if (kind !== "WRAP" && kind !== "SAT" && kind !== "FAIL")
        throw new ReplyError("ERR Invalid OVERFLOW type specified");
      overflow = kind;
      at += 2;
    } else if ((word === "GET" && left >= 2) || ((word === "SET" || word === "INCRBY") && left >= 3)) {
      const { signed, width } = readWidth(args[at + 1] as string);
      const offset = bitOffset(args[at + 2] as string, session, width);
      const operand = word === "GET" ? 0n : BigInt(int64(args[at + 3] as string));
      steps.push({ word: word as Step["word"], field: { signed, width, offset }, operand, overflow });
      at += word === "GET" ? 3 : 4;
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return steps;
}

function readField(bytes: Uint8Array, { signed, width, offset }: Field): bigint {
  let value = 0n;
  for (let at = offset; at < offset + width; at++) {
    const byte = bytes[Math.floor(at / 8)] ?? 0;
    value = (value << 1n) | BigInt((byte >> (7 - (at % 8))) & 1);
  }
  return signed ? BigInt.asIntN(width, value) : value;
}

function writeField(bytes: Uint8Array, { width, offset }: Field, value: bigint): void {
  for (let index = 0; index < width; index++) {
    const at = offset + index;
    const mask = 0x80 >> (at % 8);
    const byteAt = Math.floor(at / 8);
    const isSet = (value >> BigInt(width - 1 - index)) & 1n;
    bytes[byteAt] = isSet === 1n ? (bytes[byteAt] as number) | mask : (bytes[byteAt] as number) & ~mask;
  }
}

/** What is stored for a value; undefined: it does not fit, and is not stored. */
function fitted(value: bigint, { signed, width }: Field, overflow: Overflow): bigint | undefined {
  const max = signed ? 2n ** BigInt(width - 1) - 1n : 2n ** BigInt(width) - 1n;
  const min = signed ? -max - 1n : 0n;
  if (value >= min && value <= max) return value;
  if (overflow === "FAIL") return undefined;
  if (overflow === "SAT") return value > max ? max : min;
  return signed ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
}

function wantedValue({ word, field, operand }: Step, old: bigint): bigint {
  if (word === "INCRBY") return old + operand;
  // What is given for an unsigned field is taken as 64 unsigned bits.
  if (!field.signed) return BigInt.asUintN(64, operand);
  // Redis takes the distance to the field's maximum as 64 signed bits: what is too far below it counts as above. Its log
  // holds the command, and whoever replays it must come to the same.
  const isTooFarBelow = field.width < 64 && operand <= 2n ** BigInt(field.width - 1) - 1n - 2n ** 63n;
  return isTooFarBelow ? operand + 2n ** 64n : operand;
}

function bytesOf(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.write(text, "latin1");
  return bytes;
}

function readOnly(steps: readonly Step[], text: string): Reply {
  const bytes = Buffer.from(text, "latin1");
  return steps.map(({ field }) => readField(bytes, field));
}

function bitField(args: Args, session: Session, mayWrite: boolean): Reply {
  const { db } = session;
  const key = args[1] as string;
  const steps = readSteps(args, session);
  const writes = steps.filter(({ word }) => word !== "GET");
  if (writes.length === 0) return readOnly(steps, String(readString(db, key) ?? ""));
  if (!mayWrite) throw new ReplyError("ERR BITFIELD_RO only supports the GET subcommand");
  const before = String(stringForWrite(db, key) ?? "");
  const end = Math.max(...writes.map(({ field }) => field.offset + field.width));
  const length = Math.max(before.length, Math.ceil(end / 8));
  checkLength(session, length);
  const bytes = bytesOf(before, length);
  const grows = length > before.length;
  let changes = 0;
  const replies = steps.map((step): Reply => {
    const old = readField(bytes, step.field);
    if (step.word === "GET") return old;
    const value = fitted(wantedValue(step, old), step.field, step.overflow);
    if (value === undefined) return null;
    writeField(bytes, step.field, value);
    if (grows || value !== old) changes++;
    return step.word === "SET" ? old : value;
  });
  if (changes > 0) {
    db.setChangedString(key, bytes.toString("latin1"));
    db.changed(key, "setbit", changes);
  }
  return replies;
}

export const bitFieldCommands: readonly Command[] = [
  {
    name: "bitfield",
    arity: -2,
    flags: new Set(["write", "denyoom"]),
    keys: ONE_KEY,
    group: "bitmap",
    run: (args, session) => bitField(args, session, true),
  },
  {
    name: "bitfield_ro",
    arity: -2,
    flags: new Set(["readonly", "fast"]),
    keys: ONE_KEY,
    group: "bitmap",
    run: (args, session) => bitField(args, session, false),
  },
];
