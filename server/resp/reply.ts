/**
 * What a command answers, as plain values wherever the protocol and JavaScript mean the same:
 *
 *     string        bulk string, latin1: every character is one byte
 *     number        integer
 *     null          nil
 *     array         array, of replies
 *
 * and a small class for whatever has no JavaScript twin. The encoder knows RESP2 and RESP3; a command does not.
 */

import { formatDouble } from "../codec/doubles.ts";

export type Reply =
  | string
  | number
  | bigint
  | null
  | readonly Reply[]
  | SimpleString
  | ReplyError
  | Double
  | MapReply
  | Pairs
  | SetReply
  | PushReply
  | NilArray
  | Verbatim
  | Bool
  | BigNumber
  | Attributed
  | Several
  | NoReply;

export class SimpleString {
  readonly text: string;
  /** As it is sent: most of them are sent many times. */
  readonly encoded: string;
  constructor(text: string) {
    this.text = text;
    this.encoded = `+${text}\r\n`;
  }
}

export const OK = new SimpleString("OK");
export const QUEUED = new SimpleString("QUEUED");
export const PONG = new SimpleString("PONG");

/** A client's mistake, or a refusal. Returned or thrown by a command; the text begins with its code: `ERR …`. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";

  /** The first word: `ERR`, `WRONGTYPE` … */
  get code(): string {
    const space = this.message.indexOf(" ");
    return space < 0 ? this.message : this.message.slice(0, space);
  }
}

export const WRONG_TYPE = new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");
export const SYNTAX_ERROR = new ReplyError("ERR syntax error");

/** `,1.5` in RESP3, a bulk string in RESP2. */
export class Double {
  readonly value: number;
  readonly text: string;
  /** @param text where it is written otherwise than doubles mostly are */
  constructor(value: number, text = formatDouble(value)) {
    this.value = value;
    this.text = text;
  }
}

/** `%` in RESP3, a flat array in RESP2. */
export class MapReply {
  readonly entries: readonly (readonly [Reply, Reply])[];
  constructor(entries: Iterable<readonly [Reply, Reply]>) {
    this.entries = [...entries];
  }
}

/** An array of pairs in RESP3, a flat array in RESP2: members with their scores, fields with their values. */
export class Pairs {
  readonly pairs: readonly (readonly [Reply, Reply])[];
  constructor(pairs: readonly (readonly [Reply, Reply])[]) {
    this.pairs = pairs;
  }
}

/** `~` in RESP3, an array in RESP2. */
export class SetReply {
  readonly members: readonly Reply[];
  constructor(members: Iterable<Reply>) {
    this.members = [...members];
  }
}

/** `>` in RESP3, an array in RESP2: pub/sub messages. */
export class PushReply {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** `*-1` in RESP2, `_` in RESP3: an aborted EXEC, a blocking pop that timed out. */
export class NilArray {
  readonly items = null;
}

export const NIL_ARRAY = new NilArray();

/** `=…txt:` in RESP3, a bulk string in RESP2. */
export class Verbatim {
  readonly format: "txt" | "mkd";
  readonly text: string;
  constructor(text: string, format: "txt" | "mkd" = "txt") {
    this.format = format;
    this.text = text;
  }
}

/** `#t`, `#f` in RESP3, 1 and 0 in RESP2. */
export class Bool {
  readonly value: boolean;
  constructor(value: boolean) {
    this.value = value;
  }
}

/** `(` in RESP3, a bulk string in RESP2: an integer of any length. */
export class BigNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}

/** A reply with something said about it: `|` in RESP3, which RESP2 leaves out. */
export class Attributed {
  readonly attributes: readonly (readonly [Reply, Reply])[];
  readonly reply: Reply;
  constructor(attributes: readonly (readonly [Reply, Reply])[], reply: Reply) {
    this.attributes = attributes;
    this.reply = reply;
  }
}

/** Several replies to one request, one behind the other: SUBSCRIBE answers once for each channel. */
export class Several {
  readonly replies: readonly Reply[];
  constructor(replies: readonly Reply[]) {
    this.replies = replies;
  }
}

/** Nothing is sent. */
export class NoReply {
  private readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
  toString(): string {
    return this.why;
  }
}

/** The session waits, and is answered by and by. */
export const LATER = new NoReply("answered later");
/** The client asked not to be answered. */
export const SILENCE = new NoReply("not answered");
