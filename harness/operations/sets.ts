/**
 * Sets. SPOP is the one command here that leaves the store a choice.
 */
import type { Bytes, Reply } from "../recording/history.ts";
import { choicesOfMembers, type Hindsight } from "./choices.ts";
import {
  allKeys,
  answers,
  defineFamily,
  firstTwoKeys,
  integer,
  list,
  nil,
  refuses,
  text,
  unordered,
  wholeNumber,
} from "./define.ts";
import type { KeyPool } from "./key-pool.ts";
import type { ModelState } from "./model-state.ts";
import type { Step } from "./operation.ts";
import { type SetValue, setOf } from "./values.ts";

export const sets = defineFamily("sets", {
  SADD: {
    weight: 8,
    generate: (pool) => [pool.key("set"), ...drawMembers(pool)],
    step: (model, [key = "", ...members]) => {
      const before = model.read(key, "set");
      const added = new Set(members.filter((member) => before?.has(member) !== true));
      if (added.size === 0) return answers(integer(0));
      return answers(integer(added.size), (state) =>
        state.change(key, "set", (set) => {
          for (const member of added) set.add(member);
        }),
      );
    },
  },
  SREM: {
    weight: 4,
    generate: (pool) => [pool.key("set"), ...drawMembers(pool)],
    step: (model, [key = "", ...members]) => {
      const before = model.read(key, "set");
      const there = new Set(members.filter((member) => before?.has(member)));
      if (there.size === 0) return answers(integer(0));
      return answers(integer(there.size), (state) => removeMembers(state, key, there));
    },
  },
  SPOP: {
    weight: 3,
    generate: (pool) => [pool.key("set"), ...(pool.random.chance(0.3) ? [String(pool.count(3))] : [])],
    step: (model, [key = "", count], _, told, hindsight) => {
      const set = model.read(key, "set");
      const wanted = count === undefined ? 1 : wholeNumber(count);
      if (wanted < 0) return refuses("ERR value is out of range, must be positive");
      if (set === undefined) return answers(count === undefined ? nil : list([]));
      if (wanted === 0) return answers(list([]));
      return choicesOf(model, set, Math.min(wanted, set.size), told, hindsight).map((members) => ({
        reply: count === undefined ? text(members[0]) : unordered(members),
        apply: (state) => removeMembers(state, key, members),
      }));
    },
  },
  SRANDMEMBER: {
    changes: "nothing",
    generate: (pool) => [pool.key("set")],
    step: (model, [key = ""]) => {
      const set = model.read(key, "set");
      if (set === undefined) return answers(nil);
      const holds = (told: Reply) => told.kind === "string" && set.has(told.value);
      return answers({ kind: "such-that", text: "a member of the set", holds });
    },
  },
  SMOVE: {
    weight: 2,
    keys: firstTwoKeys,
    generate: (pool) => [pool.key("set"), pool.key("set"), pool.member()],
    step: (model, [from = "", to = "", member = ""]) => {
      const source = model.read(from, "set");
      if (source === undefined) return answers(integer(0));
      model.read(to, "set");
      if (!source.has(member)) return answers(integer(0));
      if (from === to) return answers(integer(1));
      return answers(integer(1), (state) => {
        removeMembers(state, from, [member]);
        state.change(to, "set", (set) => set.add(member));
      });
    },
  },
  SINTERSTORE: { keys: allKeys, generate: drawStore, step: (model, args) => store(model, args, intersection) },
  SUNIONSTORE: { keys: allKeys, generate: drawStore, step: (model, args) => store(model, args, union) },
  SDIFFSTORE: { keys: allKeys, generate: drawStore, step: (model, args) => store(model, args, difference) },
  SMEMBERS: {
    changes: "nothing",
    weight: 2,
    generate: (pool) => [pool.key("set")],
    step: (model, [key = ""]) => answers(unordered(membersOf(model, key))),
  },
  SCARD: {
    changes: "nothing",
    generate: (pool) => [pool.key("set")],
    step: (model, [key = ""]) => answers(integer(model.read(key, "set")?.size ?? 0)),
  },
  SISMEMBER: {
    changes: "nothing",
    generate: (pool) => [pool.key("set"), pool.member()],
    step: (model, [key = "", member = ""]) => answers(integer(model.read(key, "set")?.has(member) ? 1 : 0)),
  },
});

// ── Drawing ───────────────────────────────────────────────────────────────────────────────────────────────────────

function drawMembers(pool: KeyPool): Bytes[] {
  // Now and then whole numbers alone: a store keeps such a set in another form.
  const draw = pool.random.chance(0.3) ? () => pool.whole() : () => pool.member();
  return Array.from({ length: pool.count(4) }, draw);
}

function drawStore(pool: KeyPool): Bytes[] {
  return [pool.key("set"), pool.key("set"), pool.key("set")];
}

// ── Stepping ──────────────────────────────────────────────────────────────────────────────────────────────────────

function membersOf(model: ModelState, key: Bytes): Bytes[] {
  return [...(model.read(key, "set")?.items() ?? [])];
}

function removeMembers(state: ModelState, key: Bytes, members: Iterable<Bytes>): void {
  state.change(key, "set", (set) => {
    for (const member of members) set.delete(member);
  });
}

/** Which members SPOP may have taken: those that the client was told, or every choice of so many. */
function choicesOf(
  model: ModelState,
  set: SetValue,
  count: number,
  told: Reply | undefined,
  hindsight: Hindsight | undefined,
): readonly (readonly Bytes[])[] {
  if (told === undefined) return choicesOfMembers(model, [...set.items()], count, hindsight);
  const named = toldMembers(told);
  const lawful = new Set(named).size === count && named.length === count && named.every((member) => set.has(member));
  // After a wrong answer any choice goes on as well as another; the reply checker says that it was wrong.
  return [lawful ? named : [...set.items()].slice(0, count)];
}

function toldMembers(told: Reply): readonly Bytes[] {
  if (told.kind === "string") return [told.value];
  return told.kind === "array" ? told.items.flatMap((item) => (item.kind === "string" ? [item.value] : [])) : [];
}

type Combine = (sets: readonly (readonly Bytes[])[]) => readonly Bytes[];

const union: Combine = (sets) => sets.flat();
const intersection: Combine = ([first = [], ...others]) =>
  first.filter((member) => others.every((other) => other.includes(member)));
const difference: Combine = ([first = [], ...others]) =>
  first.filter((member) => !others.some((other) => other.includes(member)));

function store(model: ModelState, [to = "", ...from]: readonly Bytes[], combine: Combine): readonly Step[] {
  const result = setOf(combine(from.map((key) => membersOf(model, key))));
  if (result.size === 0) return answers(integer(0), (state) => state.remove(to));
  return answers(integer(result.size), (state) => state.put(to, result));
}
