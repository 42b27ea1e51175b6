/** Commands that build a collection again, as a rewritten log without an RDB preamble holds them. */

/** So many items go into one command, that none holds up the server that replays it. */
const itemsPerCommand = 64;

/** `head`, then up to 64 items, and again until all are named. Each item is one argument or several. */
export function* inBatches(
  head: readonly string[],
  items: Iterable<readonly string[]>,
): Generator<readonly string[], void, undefined> {
  let command = [...head];
  let count = 0;
  for (const item of items) {
    for (const argument of item) command.push(argument);
    if (++count < itemsPerCommand) continue;
    yield command;
    command = [...head];
    count = 0;
  }
  if (count > 0) yield command;
}
