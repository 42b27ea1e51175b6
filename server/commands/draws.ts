/** Draws for HRANDFIELD, SRANDMEMBER, SPOP and ZRANDMEMBER. */
import { ReplyError } from "../resp/reply.ts";
import type { Random } from "../world/world.ts";
import { integerWithin } from "./arguments.ts";

/** No reply can hold more. */
const drawsMax = 2 ** 26;
const int64Max = Number(2n ** 63n - 1n);

/** A count of draws, as commands take it: so many different ones, or, when negative, so many with repeats. */
export function drawCount(text: string, inPairs = false): number {
  const range = inPairs ? int64Max / 2 : int64Max;
  const count = integerWithin(text, -int64Max, int64Max);
  if (Math.abs(count) > range || count < -drawsMax) throw new ReplyError("ERR value is out of range");
  return count;
}

/**
 * Positions below `size`: `count` different ones, or all when there are fewer; −`count` independent ones when it is
 * negative.
 */
export function draw(random: Random, size: number, count: number): number[] {
  if (count < 0) return Array.from({ length: -count }, () => random.below(size));
  if (count >= size) return Array.from({ length: size }, (_, position) => position);
  // Each step may take one position more than the last; what is drawn twice gives way to the new one.
  const drawn = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const position = random.below(last + 1);
    drawn.add(drawn.has(position) ? last : position);
  }
  return [...drawn];
}
