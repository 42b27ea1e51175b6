/** The keys that a request names. */
import type { Args, Command, KeySpec } from "./command.ts";

/** @throws ReplyError where the arguments that say which they are make no sense */
export function keysOf(command: Command, args: Args): readonly string[] {
  const { keys } = command;
  if (keys === undefined) return [];
  return typeof keys === "function" ? keys(args) : keysInRange(keys, args);
}

function keysInRange({ first, last, step }: KeySpec, args: Args): string[] {
  const end = last < 0 ? args.length + last : last;
  return args.filter((_arg, index) => index >= first && index <= end && (index - first) % step === 0);
}
