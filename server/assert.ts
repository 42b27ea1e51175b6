/** Assertions: our own bugs end here. A client's mistake is a ReplyError, distrusted bytes are DamagedFile. */

export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

/** `what` says what is true, as in `assert(slot >= 0, "a live key has a slot")`. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionFailed(`not true: ${what}`);
}
