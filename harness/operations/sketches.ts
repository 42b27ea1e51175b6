/**
 * HyperLogLogs: strings that count what they have met, and cannot be told what it was.
 *
 * They have keys of their own, which no command on strings ever touches: what those would make of the bytes nobody needs
 * to know (see sketch.ts). Deleting, expiring and moving them to another database are drawn as of any other key.
 */
import { allKeys, answers, defineFamily, integer, ok } from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";
import { estimate, readSketch, type Sketch, sketchText, union, withElements } from "./sketch.ts";
import { StringValue } from "./values.ts";

export const sketches = defineFamily("strings", {
  PFADD: {
    weight: 3,
    generate: (pool) => [pool.sketch(), ...Array.from({ length: pool.random.below(4) }, () => drawElement(pool))],
    step: (model, [key = "", ...elements]) => {
      const before = sketchAt(model, key);
      const after = withElements(before ?? new Map(), elements);
      if (before !== undefined && sketchText(before) === sketchText(after)) return answers(integer(0));
      return answers(integer(1), (state) => keep(state, key, after));
    },
  },
  PFMERGE: {
    weight: 2,
    keys: allKeys,
    generate: (pool) => Array.from({ length: pool.count(3) }, () => pool.sketch()),
    step: (model, keys) => answers(ok, (state) => keep(state, keys[0] as string, together(model, keys))),
  },
  PFCOUNT: {
    changes: "nothing",
    keys: allKeys,
    generate: (pool) => Array.from({ length: pool.count(2) }, () => pool.sketch()),
    step: (model, keys) => answers(integer(estimate(together(model, keys)))),
  },
});

/** New ones mostly, so that a lost one is missed. */
function drawElement(pool: KeyPool): string {
  return pool.random.chance(0.7) ? pool.element() : pool.member();
}

function sketchAt(model: ModelState, key: string): Sketch | undefined {
  const value = model.read(key, "string");
  return value === undefined ? undefined : readSketch(value.text);
}

function together(model: ModelState, keys: readonly string[]): Sketch {
  return union(keys.map((key) => sketchAt(model, key) ?? new Map()));
}

/** The key's deadline stays. */
function keep(state: ModelState, key: string, sketch: Sketch): void {
  state.put(key, new StringValue(sketchText(sketch)), state.entry(key)?.deadline);
}
