/** Sorted sets out of sorted sets, and of plain sets, whose members count as having score 1. */
import { Double, Pairs, type Reply, ReplyError, SYNTAX_ERROR, WRONG_TYPE } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import type { ScoredMember } from "../types/score-leaf.ts";
import { SetValue } from "../types/set.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import { double, integer } from "./arguments.ts";
import type { Args, Command, Flag } from "./command.ts";
import { keysCountedAt } from "./keynum.ts";
import { readLimit } from "./set-algebra.ts";
import { storeMembers } from "./sorted-set-ranges.ts";

const group = "sorted-set";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const stores: ReadonlySet<Flag> = new Set(["write", "denyoom"]);

/** A set or sorted set, as these commands see it. */
interface Operand {
  readonly size: number;
  score(member: string): number | undefined;
  members(): Iterable<ScoredMember>;
}

const EMPTY: Operand = { size: 0, score: () => undefined, members: () => [] };

function operand({ db }: Session, key: string): Operand {
  const value = db.get(key);
  if (value === undefined) return EMPTY;
  if (value instanceof SortedSetValue) {
    return { size: value.size, score: (member) => value.score(member), members: () => value.range(0, value.size) };
  }
  if (!(value instanceof SetValue)) throw WRONG_TYPE;
  return {
    size: value.size,
    score: (member) => (value.has(member) ? 1 : undefined),
    members: () => Array.from(value.members(), (member) => ({ member, score: 1 })),
  };
}

// ── Arguments ───────────────────────────────────────────────────────────────────────────────────────────────────────

type Aggregate = (first: number, second: number) => number;

const aggregates: Readonly<Record<string, Aggregate>> = {
  // Infinity less infinity is 0 by agreement.
  SUM: (first, second) => notNan(first + second),
  // Comparisons, because what is not a number must leave the first one as it is.
  // biome-ignore lint/complexity/useMathMinMax: see above
  MIN: (first, second) => (second < first ? second : first),
  // biome-ignore lint/complexity/useMathMinMax: see above
  MAX: (first, second) => (second > first ? second : first),
};

function notNan(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

interface Request {
  readonly operands: readonly Operand[];
  readonly weights: readonly number[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
}

function readOperands(args: Args, countAt: number, name: string, session: Session): readonly Operand[] {
  const count = integer(args[countAt] as string);
  if (count < 1) throw new ReplyError(`ERR at least 1 input key is needed for '${name}' command`);
  if (count > args.length - countAt - 1) throw SYNTAX_ERROR;
  return args.slice(countAt + 1, countAt + 1 + count).map((key) => operand(session, key));
}

function readRequest(args: Args, countAt: number, form: Form, session: Session): Request {
  const operands = readOperands(args, countAt, form.name, session);
  const mayWeigh = form.combine !== difference;
  let weights = operands.map(() => 1);
  let aggregate = aggregates.SUM as Aggregate;
  let withScores = false;
  for (let at = countAt + 1 + operands.length; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    if (word === "WEIGHTS" && mayWeigh && at + operands.length < args.length) {
      const texts = args.slice(at + 1, at + 1 + operands.length);
      weights = texts.map((text) => double(text, "ERR weight value is not a float"));
      at += operands.length;
    } else if (word === "AGGREGATE" && mayWeigh && at + 1 < args.length) {
      const named = aggregates[(args[++at] as string).toUpperCase()];
      if (named === undefined) throw SYNTAX_ERROR;
      aggregate = named;
    } else if (word === "WITHSCORES" && !form.isStored) {
      withScores = true;
    } else {
      throw SYNTAX_ERROR;
    }
  }
  return { operands, weights, aggregate, withScores };
}

// ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Combine = (request: Request) => ScoredMember[];

/** Smallest first: the fewer members are looked for, the sooner it is done; and sums are added up in this order. */
function bySize({ operands, weights }: Request): { readonly operand: Operand; readonly weight: number }[] {
  return operands
    .map((each, at) => ({ operand: each, weight: weights[at] as number }))
    .sort((a, b) => a.operand.size - b.operand.size);
}

const union: Combine = (request) => {
  const scores = new Map<string, number>();
  for (const { operand: each, weight } of bySize(request)) {
    for (const { member, score } of each.members()) {
      const weighed = notNan(weight * score);
      const before = scores.get(member);
      scores.set(member, before === undefined ? weighed : request.aggregate(before, weighed));
    }
  }
  return Array.from(scores, ([member, score]) => ({ member, score }));
};

const intersection: Combine = (request) => {
  const [smallest, ...others] = bySize(request);
  const result: ScoredMember[] = [];
  for (const { member, score } of smallest?.operand.members() ?? []) {
    let sum = notNan((smallest?.weight ?? 1) * score);
    const isCommon = others.every(({ operand: each, weight }) => {
      const other = each.score(member);
      if (other !== undefined) sum = request.aggregate(sum, other * weight);
      return other !== undefined;
    });
    if (isCommon) result.push({ member, score: sum });
  }
  return result;
};

const difference: Combine = ({ operands: [first = EMPTY, ...others] }) =>
  [...first.members()].filter(({ member }) => others.every((other) => other.score(member) === undefined));

interface Form {
  readonly name: string;
  readonly combine: Combine;
  readonly isStored: boolean;
}

function inOrder(members: ScoredMember[]): ScoredMember[] {
  return members.sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1));
}

function answer(name: string, combine: Combine): Command {
  const form = { name, combine, isStored: false };
  return {
    name,
    arity: -3,
    flags: reads,
    keys: keysCountedAt(1),
    group,
    run(args, session) {
      const request = readRequest(args, 1, form, session);
      const members = inOrder(combine(request));
      if (!request.withScores) return members.map(({ member }) => member);
      return new Pairs(members.map(({ member, score }) => [member, new Double(score)]));
    },
  };
}

function store(name: string, combine: Combine): Command {
  const form = { name, combine, isStored: true };
  return {
    name,
    arity: -4,
    flags: stores,
    keys: keysCountedAt(2, 1),
    group,
    run: (args, session) =>
      storeMembers(session, args[1] as string, combine(readRequest(args, 2, form, session)), name),
  };
}

function countCommon(args: Args, session: Session): Reply {
  const operands = readOperands(args, 1, "zintercard", session);
  const limit = readLimit(args, 2 + operands.length);
  const [smallest = EMPTY, ...others] = [...operands].sort((a, b) => a.size - b.size);
  let count = 0;
  for (const { member } of smallest.members()) {
    if (others.every((other) => other.score(member) !== undefined) && ++count === limit) break;
  }
  return count;
}

export const sortedSetAlgebraCommands: readonly Command[] = [
  answer("zunion", union),
  answer("zinter", intersection),
  answer("zdiff", difference),
  store("zunionstore", union),
  store("zinterstore", intersection),
  store("zdiffstore", difference),
  { name: "zintercard", arity: -3, flags: reads, keys: keysCountedAt(1), group, run: countCommon },
];
