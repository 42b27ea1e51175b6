/** Commands that read and change parts of a string: APPEND, SETRANGE, GETRANGE. */

import { ReplyError } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { stringValue } from "../types/string-type.ts";
import { integer } from "./arguments.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { readString, stringForWrite } from "./strings.ts";

/** V8's longest string is 24 bytes short of Redis's default limit. */
const longestString = 2 ** 29 - 24;

/** @throws ReplyError when a string would be longer than strings may be */
export function checkLength(session: Session, length: number): void {
  if (session.role === "log") return;
  if (length <= Math.min(session.server.config.get("proto-max-bulk-len"), longestString)) return;
  throw new ReplyError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}

function getRange(args: Args, { db }: Session): string {
  const start = integer(args[2] as string);
  const end = integer(args[3] as string);
  const text = String(readString(db, args[1] as string) ?? "");
  if (start < 0 && end < 0 && start > end) return "";
  const from = Math.max(start < 0 ? text.length + start : start, 0);
  const to = Math.max(end < 0 ? text.length + end : end, 0);
  return text.slice(from, to + 1);
}

const readonly: ReadonlySet<Flag> = new Set(["readonly"]);

export const stringPartCommands: readonly Command[] = [
  {
    name: "append",
    arity: 3,
    flags: new Set(["write", "denyoom", "fast"]),
    keys: ONE_KEY,
    group: "string",
    run(args, session) {
      const { db } = session;
      const [, key, text] = args as readonly [string, string, string];
      const before = stringForWrite(db, key);
      if (before === undefined) {
        db.set(key, stringValue(text));
      } else {
        checkLength(session, String(before).length + text.length);
        db.setChangedString(key, `${before}${text}`);
      }
      db.changed(key, "append");
      return String(before ?? "").length + text.length;
    },
  },
  {
    name: "setrange",
    arity: 4,
    flags: new Set(["write", "denyoom"]),
    keys: ONE_KEY,
    group: "string",
    run(args, session) {
      const { db } = session;
      const [, key, , text] = args as readonly [string, string, string, string];
      const offset = integer(args[2] as string);
      if (offset < 0) throw new ReplyError("ERR offset is out of range");
      const before = String(stringForWrite(db, key) ?? "");
      if (text === "") return before.length;
      checkLength(session, offset + text.length);
      const after = before.slice(0, offset).padEnd(offset, "\0") + text + before.slice(offset + text.length);
      db.setChangedString(key, after);
      db.changed(key, "setrange");
      return after.length;
    },
  },
  { name: "getrange", arity: 4, flags: readonly, keys: ONE_KEY, group: "string", run: getRange },
  { name: "substr", arity: 4, flags: readonly, keys: ONE_KEY, group: "string", run: getRange },
];
