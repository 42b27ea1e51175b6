/** What a request does with each of its keys, as far as rights go: does it read what is there, does it change it? */
import type { Args, Command } from "../commands/command.ts";
import { keysOf } from "../commands/command-keys.ts";
import { keyUse } from "../commands/key-uses.ts";
import { ReplyError } from "../resp/reply.ts";

export interface KeyNeed {
  readonly key: string;
  readonly read: boolean;
  /** Neither: some right is enough, as for TYPE or EXISTS. */
  readonly write: boolean;
}

export function needsOf(command: Command, args: Args): KeyNeed[] {
  return keysNamed(command, args).map((key, position) => {
    const [, ...data] = keyUse(command, position);
    const read = data.includes("access") || readsBesides(command.name, args);
    const write = data.some((use) => use !== "access") && !(command.name === "bitfield" && onlyReadsBits(args));
    return { key, read, write };
  });
}

/** A request that is wrong in itself names no keys: it will be refused for that. */
function keysNamed(command: Command, args: Args): readonly string[] {
  try {
    return keysOf(command, args);
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    return [];
  }
}

/** SET with GET answers what was there. */
function readsBesides(name: string, args: Args): boolean {
  return name === "set" && args.slice(3).some((word) => word.toUpperCase() === "GET");
}

function onlyReadsBits(args: Args): boolean {
  return !args.slice(2).some((word) => /^(set|incrby)$/i.test(word));
}
