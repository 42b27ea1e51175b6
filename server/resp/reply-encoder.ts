/**
 * Writes replies as RESP2 or RESP3. The result is a latin1 string, one character a byte: a turn's replies to a client
 * are joined and leave in one write.
 */
import {
  Attributed,
  BigNumber,
  Bool,
  Double,
  MapReply,
  NilArray,
  NoReply,
  Pairs,
  PushReply,
  type Reply,
  ReplyError,
  SetReply,
  Several,
  SimpleString,
  Verbatim,
} from "./reply.ts";

/** The heads of short bulk strings, and small integers whole: they come again and again, and are costly to put together. */
const bulkHeads = readyMade(128, "$");
const integers = readyMade(1024, ":");

function readyMade(count: number, sigil: string): readonly string[] {
  return Array.from({ length: count }, (_, value) => `${sigil}${value}\r\n`);
}

function line(sigil: string, value: number, ready: readonly string[]): string {
  return value >= 0 && value < ready.length ? (ready[value] ?? `${sigil}${value}\r\n`) : `${sigil}${value}\r\n`;
}

export function encodeReply(reply: Reply, protocol: 2 | 3): string {
  if (typeof reply === "string") return bulk(reply);
  if (typeof reply === "number") return line(":", reply, integers);
  if (typeof reply === "bigint") return `:${reply}\r\n`;
  if (reply === null) return protocol === 3 ? "_\r\n" : "$-1\r\n";
  if (reply instanceof SimpleString) return reply.encoded;
  if (reply instanceof ReplyError) return `-${reply.message.replace(/[\r\n]/g, " ")}\r\n`;
  if (isItems(reply)) return encodeItems("*", reply, protocol);
  return encodeOther(reply, protocol);
}

/** What is rarer. */
function encodeOther(reply: Exclude<Reply, readonly Reply[]>, protocol: 2 | 3): string {
  const isThree = protocol === 3;
  if (reply instanceof NilArray) return isThree ? "_\r\n" : "*-1\r\n";
  if (reply instanceof Double) {
    return isThree ? `,${reply.text}\r\n` : bulk(reply.text);
  }
  if (reply instanceof Bool) return isThree ? `#${reply.value ? "t" : "f"}\r\n` : `:${reply.value ? 1 : 0}\r\n`;
  if (reply instanceof BigNumber) return isThree ? `(${reply.digits}\r\n` : bulk(reply.digits);
  if (reply instanceof Verbatim) {
    return isThree ? `=${reply.text.length + 4}\r\n${reply.format}:${reply.text}\r\n` : bulk(reply.text);
  }
  if (reply instanceof MapReply) {
    const { entries } = reply;
    return (isThree ? `%${entries.length}\r\n` : `*${entries.length * 2}\r\n`) + encodeEntries(entries, protocol);
  }
  if (reply instanceof Pairs) {
    const { pairs } = reply;
    return isThree ? encodeItems("*", pairs, protocol) : `*${pairs.length * 2}\r\n${encodeEntries(pairs, protocol)}`;
  }
  if (reply instanceof SetReply) return encodeItems(isThree ? "~" : "*", reply.members, protocol);
  if (reply instanceof PushReply) return encodeItems(isThree ? ">" : "*", reply.items, protocol);
  if (reply instanceof Attributed) {
    const { attributes } = reply;
    const head = isThree ? `|${attributes.length}\r\n${encodeEntries(attributes, protocol)}` : "";
    return head + encodeReply(reply.reply, protocol);
  }
  if (reply instanceof Several) return reply.replies.map((item) => encodeReply(item, protocol)).join("");
  if (reply instanceof NoReply) return "";
  return encodeReply(reply, protocol);
}

function isItems(reply: Reply): reply is readonly Reply[] {
  return Array.isArray(reply);
}

function bulk(text: string): string {
  return `${line("$", text.length, bulkHeads)}${text}\r\n`;
}

function encodeItems(sigil: string, items: readonly Reply[], protocol: 2 | 3): string {
  let text = `${sigil}${items.length}\r\n`;
  for (const item of items) text += encodeReply(item, protocol);
  return text;
}

function encodeEntries(entries: readonly (readonly [Reply, Reply])[], protocol: 2 | 3): string {
  let text = "";
  for (const [key, value] of entries) text += encodeReply(key, protocol) + encodeReply(value, protocol);
  return text;
}
