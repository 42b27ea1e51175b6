/**
 * Replies as they come over a simulated wire, in pieces of any length, in RESP2 or RESP3.
 *
 *     "$3\r\nab"  "c\r\n:7\r\n"   ──▶   { string "abc" }  { integer 7 }
 */
import type { Reply } from "../recording/history.ts";

/** The piece ends within a reply. */
const notYet = Symbol("not yet");

export class ReplyReader {
  #text = "";
  #at = 0;

  /** Replies that are complete by now, in order. */
  feed(bytes: string): Reply[] {
    this.#text = this.#text.slice(this.#at) + bytes;
    this.#at = 0;
    const replies: Reply[] = [];
    for (;;) {
      const startedAt = this.#at;
      const reply = this.#read();
      if (reply === notYet) {
        this.#at = startedAt;
        return replies;
      }
      replies.push(reply);
    }
  }

  #read(): Reply | typeof notYet {
    const start = this.#at;
    const end = this.#text.indexOf("\r\n", start);
    if (end < 0) return notYet;
    this.#at = end + 2;
    const rest = this.#text.slice(start + 1, end);
    switch (this.#text[start]) {
      case "+":
        return { kind: "string", value: rest };
      case "-":
        return { kind: "error", message: rest };
      case ":":
        return { kind: "integer", value: Number(rest) };
      case ",":
        return { kind: "double", value: numberOf(rest) };
      case "#":
        return { kind: "integer", value: rest === "t" ? 1 : 0 };
      case "_":
        return { kind: "nil" };
      case "$":
        return this.#bulk(Number(rest));
      case "*":
      case "~":
        return this.#array(Number(rest));
      case "%":
        return this.#array(Number(rest) * 2);
      default:
        throw new Error(`a reply begins with ${JSON.stringify(this.#text.slice(start, Math.min(end, start + 20)))}`);
    }
  }

  #bulk(length: number): Reply | typeof notYet {
    if (length < 0) return { kind: "nil" };
    const start = this.#at;
    if (this.#text.length < start + length + 2) return notYet;
    this.#at = start + length + 2;
    return { kind: "string", value: this.#text.slice(start, start + length) };
  }

  #array(length: number): Reply | typeof notYet {
    if (length < 0) return { kind: "nil" };
    const items: Reply[] = [];
    for (let index = 0; index < length; index++) {
      const item = this.#read();
      if (item === notYet) return notYet;
      items.push(item);
    }
    return { kind: "array", items };
  }
}

function numberOf(text: string): number {
  if (/^-?inf$/.test(text)) return text[0] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
