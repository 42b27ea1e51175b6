/**
 * Writes replies as RESP2 or RESP3. The result is a latin1 string, one character a byte: a turn's replies to a client
 * are joined and leave in one write.
 */
import {
  Bool,
  Double,
  MapReply,
  NilArray,
  NoReply,
  PushReply,
  type Reply,
  ReplyError,
  SetReply,
  Several,
  SimpleString,
  Verbatim,
} from "./reply.ts";

export function encodeReply(reply: Reply, protocol: 2 | 3): string {
  if (typeof reply === "string") return `$${reply.length}\r\n${reply}\r\n`;
  if (typeof reply === "number" || typeof reply === "bigint") return `:${reply}\r\n`;
  if (reply === null) return protocol === 3 ? "_\r\n" : "$-1\r\n";
  if (reply instanceof SimpleString) return `+${reply.text}\r\n`;
  if (reply instanceof ReplyError) return `-${reply.message.replace(/[\r\n]/g, " ")}\r\n`;
  if (reply instanceof NilArray) return protocol === 3 ? "_\r\n" : "*-1\r\n";
  if (reply instanceof Double) return encodeDouble(reply.value, protocol);
  if (reply instanceof Bool) return protocol === 3 ? `#${reply.value ? "t" : "f"}\r\n` : `:${reply.value ? 1 : 0}\r\n`;
  if (reply instanceof Verbatim) {
    return protocol === 3
      ? `=${reply.text.length + 4}\r\n${reply.format}:${reply.text}\r\n`
      : `$${reply.text.length}\r\n${reply.text}\r\n`;
  }
  if (reply instanceof MapReply) {
    const head = protocol === 3 ? `%${reply.entries.length}\r\n` : `*${reply.entries.length * 2}\r\n`;
    return reply.entries.reduce(
      (text, [key, value]) => text + encodeReply(key, protocol) + encodeReply(value, protocol),
      head,
    );
  }
  if (reply instanceof SetReply) return encodeItems(protocol === 3 ? "~" : "*", reply.members, protocol);
  if (reply instanceof PushReply) return encodeItems(protocol === 3 ? ">" : "*", reply.items, protocol);
  if (reply instanceof Several) return reply.replies.map((item) => encodeReply(item, protocol)).join("");
  if (reply instanceof NoReply) return "";
  return encodeItems("*", reply, protocol);
}

function encodeItems(sigil: string, items: readonly Reply[], protocol: 2 | 3): string {
  let text = `${sigil}${items.length}\r\n`;
  for (const item of items) text += encodeReply(item, protocol);
  return text;
}

function encodeDouble(value: number, protocol: 2 | 3): string {
  const text = formatDouble(value);
  return protocol === 3 ? `,${text}\r\n` : `$${text.length}\r\n${text}\r\n`;
}

/** The shortest text that reads back as the same double, as Redis prints scores. */
export function formatDouble(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "inf";
  if (value === Number.NEGATIVE_INFINITY) return "-inf";
  if (Number.isNaN(value)) return "nan";
  return Object.is(value, -0) ? "-0" : String(value);
}
