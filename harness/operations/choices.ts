/**
 * What a store may have chosen when nobody was told. Every choice spelled out would be too many: three members out of
 * five hundred are twenty million ways. But most members are alike. What came back, and what is still asked for, tell
 * only a few of them apart:
 *
 *     set            a b c d e f …
 *     came back      a b   d e …          c and f are alike: in no set that came back, and nobody names them again
 *     asked later    SREM s a             a is one of a kind
 *
 * Members that are alike can change places and nobody would notice, so one choice of so many of each kind stands for all.
 */
import type { Bytes } from "../recording/history.ts";
import type { Model } from "./model.ts";
import type { ModelState } from "./model-state.ts";
import { SetValue, SortedSetValue } from "./values.ts";

/** What is known afterwards, and helps to follow calls that were never answered. */
export interface Hindsight {
  readonly recovered: Model;
  /** Whether a request that was never answered names it. */
  names(text: Bytes): boolean;
}

/** The store had a choice, and what it chose was neither told nor can it be told from what came back. */
export class OpenChoice extends Error {
  override readonly name = "OpenChoice";
}

const choicesMax = 1_000;

/**
 * Choices of so many of the members that together stand for all.
 * @throws OpenChoice without hindsight, or when even kinds are too many
 */
export function choicesOfMembers(
  model: ModelState,
  members: readonly Bytes[],
  count: number,
  hindsight: Hindsight | undefined,
): readonly (readonly Bytes[])[] {
  if (count >= members.length) return [members];
  if (hindsight === undefined) throw new OpenChoice("the store could choose, and nobody was told what it chose");
  let choices: readonly (readonly Bytes[])[] = [[]];
  const kinds = kindsOf(model, members, hindsight);
  let left = members.length;
  for (const kind of kinds) {
    left -= kind.length;
    choices = choices.flatMap((chosen) => {
      // So many that what is left can still fill the count.
      const least = Math.max(0, count - chosen.length - left);
      const most = Math.min(kind.length, count - chosen.length);
      return Array.from({ length: most - least + 1 }, (_, more) => [...chosen, ...kind.slice(0, least + more)]);
    });
    if (choices.length > choicesMax) {
      throw new OpenChoice(`the store could choose ${count} of ${members.length} in more than ${choicesMax} ways`);
    }
  }
  return choices;
}

function kindsOf(model: ModelState, members: readonly Bytes[], { recovered, names }: Hindsight): Bytes[][] {
  const collections = [...collectionsIn(model), ...collectionsAmong(recovered)];
  const kinds = new Map<string, Bytes[]>();
  for (const member of members) {
    const kind = names(member) ? `named ${member}` : collections.map((has) => (has(member) ? 1 : 0)).join("");
    const alike = kinds.get(kind);
    if (alike === undefined) kinds.set(kind, [member]);
    else alike.push(member);
  }
  return [...kinds.values()];
}

type Has = (member: Bytes) => boolean;

/** Sets, and sorted sets too: those can be made of sets. */
function* collectionsIn(model: ModelState): Iterable<Has> {
  for (const [, , { value }] of model.keys()) {
    if (value instanceof SetValue) yield (member) => value.has(member);
    if (value instanceof SortedSetValue) yield (member) => value.score(member) !== undefined;
  }
}

function* collectionsAmong(recovered: Model): Iterable<Has> {
  for (const keys of recovered.values()) {
    for (const { value } of keys.values()) {
      if (value.type === "set") yield (member) => value.members.has(member);
      if (value.type === "zset") yield (member) => value.scores.has(member);
    }
  }
}
