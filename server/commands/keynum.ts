/** Commands that say how many keys they name: LMPOP 2 a b LEFT, ZUNION 2 a b, SINTERCARD 2 a b … */
import { ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import { integerWithin } from "./arguments.ts";
import type { Args } from "./command.ts";

/**
 * The keys behind the argument that counts them.
 * @throws ReplyError when it counts none, or more than there are arguments and `behind` further ones
 */
export function countedKeys(
  args: Args,
  countAt: number,
  complaint = "ERR numkeys should be greater than 0",
  tooMany: ReplyError = SYNTAX_ERROR,
): { readonly keys: readonly string[]; readonly next: number } {
  const count = integerWithin(args[countAt] as string, 1, Number.POSITIVE_INFINITY, complaint);
  const next = countAt + 1 + count;
  if (next > args.length) throw tooMany;
  return { keys: args.slice(countAt + 1, next), next };
}

/** Where COMMAND GETKEYS finds them: whatever is there, right or wrong. */
export function keysCountedAt(countAt: number, target: number | undefined = undefined) {
  return (args: Args): readonly string[] => {
    const count = Number(args[countAt]);
    if (!Number.isInteger(count) || count < 1 || countAt + 1 + count > args.length) {
      throw new ReplyError("ERR Invalid arguments specified for command");
    }
    const keys = args.slice(countAt + 1, countAt + 1 + count);
    return target === undefined ? keys : [args[target] as string, ...keys];
  };
}
