/** Commands on strings. */
import { OK, WRONG_TYPE } from "../resp/reply.ts";
import type { Command } from "./command.ts";

export const stringCommands: readonly Command[] = [
  {
    name: "get",
    arity: 2,
    flags: new Set(["readonly", "fast"]),
    keys: { first: 1, last: 1, step: 1 },
    group: "string",
    run(args, { db }) {
      const value = db.get(args[1] as string);
      if (value === undefined) return null;
      if (typeof value === "object") throw WRONG_TYPE;
      return String(value);
    },
  },
  {
    name: "set",
    arity: -3,
    flags: new Set(["write", "denyoom"]),
    keys: { first: 1, last: 1, step: 1 },
    group: "string",
    run(args, { db }) {
      const key = args[1] as string;
      db.set(key, args[2] as string);
      db.changed(key, "set");
      return OK;
    },
  },
];
