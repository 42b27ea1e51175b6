/**
 * Strings as rows of bits: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP.
 *
 *     "a\x80"      0 1 1 0 0 0 0 1   1 0 0 0 0 0 0 0         bit 0 is the highest bit of the first byte
 *     offset       0 1 2 …           8 9 …                   behind the end all bits are 0
 */
import { NEVER } from "../keyspace/slot-table.ts";
import { type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { int64, integer } from "./arguments.ts";
import { fromFirst } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { checkLength } from "./string-parts.ts";
import { readString, stringForWrite } from "./strings.ts";

const group = "bitmap";
const badOffset = "ERR bit offset is not an integer or out of range";
const badBit = "ERR bit is not an integer or out of range";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);

/** How many bits are set in each byte. */
const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/**
 * The offset of a bit. `width`: that of the field at the offset, of which `#3` is the fourth; undefined: there are none.
 * @throws ReplyError
 */
export function bitOffset(text: string, session: Session, width?: number): number {
  const counted = width !== undefined && text.startsWith("#");
  const given = int64(counted ? text.slice(1) : text, badOffset);
  const offset = Number(given) * (counted ? width : 1);
  const isTooFar = session.role !== "log" && Math.floor(offset / 8) >= session.server.config.get("proto-max-bulk-len");
  if (offset < 0 || isTooFar) throw new ReplyError(badOffset);
  return offset;
}

function setBit(args: Args, session: Session): Reply {
  const { db } = session;
  const key = args[1] as string;
  const offset = bitOffset(args[2] as string, session);
  const bit = int64(args[3] as string, badBit);
  if (bit !== 0 && bit !== 1) throw new ReplyError(badBit);
  const before = String(stringForWrite(db, key) ?? "");
  const byteAt = Math.floor(offset / 8);
  const mask = 0x80 >> (offset % 8);
  const byte = byteAt < before.length ? before.charCodeAt(byteAt) : 0;
  const old = (byte & mask) === 0 ? 0 : 1;
  if (old === bit && byteAt < before.length) return old;
  checkLength(session, byteAt + 1);
  const changed = String.fromCharCode(bit === 1 ? byte | mask : byte & ~mask);
  db.setChangedString(key, before.slice(0, byteAt).padEnd(byteAt, "\0") + changed + before.slice(byteAt + 1));
  db.changed(key, "setbit");
  return old;
}

function getBit(args: Args, session: Session): Reply {
  const offset = bitOffset(args[2] as string, session);
  const text = String(readString(session.db, args[1] as string) ?? "");
  return bitAt(text, offset);
}

function bitAt(text: string, offset: number): 0 | 1 {
  const byteAt = Math.floor(offset / 8);
  if (byteAt >= text.length) return 0;
  return (text.charCodeAt(byteAt) & (0x80 >> (offset % 8))) === 0 ? 0 : 1;
}

/** A range of bits, the last one included; empty when `first` is greater. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** `start end`, in bytes or in bits, counted from either end. */
function bitRange(start: number, end: number, lengthBytes: number, unit: "BYTE" | "BIT"): BitRange {
  const length = unit === "BIT" ? lengthBytes * 8 : lengthBytes;
  const first = Math.max(0, fromFirst(start, length));
  const last = Math.min(length - 1, Math.max(0, fromFirst(end, length)));
  return unit === "BIT" ? { first, last } : { first: first * 8, last: last * 8 + 7 };
}

function readUnit(word: string | undefined): "BYTE" | "BIT" {
  const unit = (word ?? "BYTE").toUpperCase();
  if (unit !== "BYTE" && unit !== "BIT") throw SYNTAX_ERROR;
  return unit;
}

function bitCount(args: Args, { db }: Session): Reply {
  const value = readString(db, args[1] as string);
  if (value === undefined) return 0;
  const text = String(value);
  if (args.length === 2) return countBits(text, { first: 0, last: text.length * 8 - 1 });
  if (args.length === 3 || args.length > 5) throw SYNTAX_ERROR;
  const start = integer(args[2] as string);
  const end = integer(args[3] as string);
  if (start < 0 && end < 0 && start > end) return 0;
  return countBits(text, bitRange(start, end, text.length, readUnit(args[4])));
}

function countBits(text: string, { first, last }: BitRange): number {
  if (first > last) return 0;
  const [firstByte, lastByte] = [Math.floor(first / 8), Math.floor(last / 8)];
  let count = 0;
  for (let at = firstByte; at <= lastByte; at++) count += bitCounts[text.charCodeAt(at)] as number;
  for (let at = firstByte * 8; at < first; at++) count -= bitAt(text, at);
  for (let at = last + 1; at < (lastByte + 1) * 8; at++) count -= bitAt(text, at);
  return count;
}

function bitPosition(args: Args, { db }: Session): Reply {
  const bit = integer(args[2] as string);
  if (bit !== 0 && bit !== 1) throw new ReplyError("ERR The bit argument must be 1 or 0.");
  const value = readString(db, args[1] as string);
  if (value === undefined) return bit === 1 ? -1 : 0;
  const text = String(value);
  if (args.length > 6) throw SYNTAX_ERROR;
  const start = args.length > 3 ? integer(args[3] as string) : 0;
  const unit = readUnit(args[5]);
  const hasEnd = args.length > 4;
  const end = hasEnd ? integer(args[4] as string) : -1;
  const range = bitRange(start, end, text.length, unit);
  if (range.first > range.last) return -1;
  const found = firstBit(text, bit, range);
  if (found !== undefined) return found;
  // Behind a string's end all bits are clear: only a range that ends there by itself goes on.
  return bit === 0 && !hasEnd ? range.last + 1 : -1;
}

/** The first bit of that kind in the range. */
function firstBit(text: string, bit: 0 | 1, { first, last }: BitRange): number | undefined {
  const nothing = bit === 1 ? 0 : 0xff;
  for (let at = first; at <= last; ) {
    if (at % 8 === 0 && text.charCodeAt(at / 8) === nothing) {
      at += 8;
      continue;
    }
    if (bitAt(text, at) === bit) return at;
    at++;
  }
  return undefined;
}

type ByteOperation = (first: number, second: number) => number;

const operations: Readonly<Record<string, ByteOperation>> = {
  AND: (first, second) => first & second,
  OR: (first, second) => first | second,
  XOR: (first, second) => first ^ second,
  NOT: (first) => ~first,
};

function bitOperation(args: Args, { db }: Session): Reply {
  const [, name = "", target = "", ...sources] = args;
  const operation = operations[name.toUpperCase()];
  if (operation === undefined) throw SYNTAX_ERROR;
  const isNot = name.toUpperCase() === "NOT";
  if (isNot && sources.length !== 1) {
    throw new ReplyError("ERR BITOP NOT must be called with a single source key.");
  }
  const texts = sources.map((key) => Buffer.from(String(readString(db, key) ?? ""), "latin1"));
  const result = isNot
    ? (texts[0] as Buffer).map(operations.NOT as (byte: number) => number)
    : combine(texts, operation);
  if (result.length === 0) {
    if (db.delete(target)) db.changed(target, "del");
    return 0;
  }
  db.set(target, "", NEVER);
  db.setChangedString(target, Buffer.from(result.buffer, result.byteOffset, result.length).toString("latin1"));
  db.changed(target, "set");
  return result.length;
}

/** As long as the longest of them; the shorter ones end in zeros. */
function combine(texts: readonly Buffer[], operation: ByteOperation): Uint8Array {
  const [first = Buffer.alloc(0), ...others] = texts;
  const result = new Uint8Array(texts.reduce((longest, { length }) => Math.max(longest, length), 0));
  result.set(first);
  for (const other of others) {
    for (let at = 0; at < result.length; at++) {
      result[at] = operation(result[at] as number, other[at] ?? 0);
    }
  }
  return result;
}

export const bitCommands: readonly Command[] = [
  { name: "setbit", arity: 4, flags: new Set(["write", "denyoom"]), keys: ONE_KEY, group, run: setBit },
  { name: "getbit", arity: 3, flags: new Set(["readonly", "fast"]), keys: ONE_KEY, group, run: getBit },
  { name: "bitcount", arity: -2, flags: reads, keys: ONE_KEY, group, run: bitCount },
  { name: "bitpos", arity: -3, flags: reads, keys: ONE_KEY, group, run: bitPosition },
  {
    name: "bitop",
    arity: -4,
    flags: new Set(["write", "denyoom"]),
    keys: { first: 2, last: -1, step: 1 },
    group,
    run: bitOperation,
  },
];
