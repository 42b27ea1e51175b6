/** The Random of the real world: Node's own generator. Nothing secret is drawn from it, and nothing replayed. */
import type { Random } from "./world.ts";

export const realRandom: Random = {
  below: (limit) => Math.floor(Math.random() * limit),
  fraction: () => Math.random(),
  pick: (from) => from[Math.floor(Math.random() * from.length)] as (typeof from)[0],
  fork: () => realRandom,
};
