/**
 * A sorted set. A small one is a single sorted row, in which members are found by looking through it, as Redis does in
 * its listpack; a large one is a dense table from member to score, and a tree that keeps the order.
 *
 * Every range (by rank, by score, by bytes) is a range of ranks: the lowest rank in it, and the first one behind it.
 */
import { assert } from "../assert.ts";
import type { Random } from "../world/world.ts";
import type { EncodingLimits } from "./encoding-limits.ts";
import { KeyTable } from "./key-table.ts";
import { type IsBelow, type ScoredMember, ScoreLeaf } from "./score-leaf.ts";
import { ScoreTree } from "./score-tree.ts";
import type { Collection } from "./value.ts";

export class SortedSetValue implements Collection {
  readonly type = "zset";
  private readonly limits: EncodingLimits;
  /** Exactly one of the two is there. */
  private row: ScoreLeaf | undefined = new ScoreLeaf();
  private large: LargeSortedSet | undefined;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get encoding(): "listpack" | "skiplist" {
    return this.row !== undefined ? "listpack" : "skiplist";
  }

  get size(): number {
    return this.row !== undefined ? this.row.size : (this.large as LargeSortedSet).size;
  }

  /** Undefined when there is no such member. */
  score(member: string): number | undefined {
    if (this.row === undefined) return (this.large as LargeSortedSet).score(member);
    const at = this.row.members.indexOf(member);
    return at < 0 ? undefined : this.row.scores[at];
  }

  /** Sets a member's score, whether it is there or not. `score` is not NaN. */
  set(member: string, score: number): void {
    assert(!Number.isNaN(score), "a score is a number");
    const before = this.score(member);
    if (before === score) return;
    if (before === undefined && this.outgrows(this.size + 1, member)) this.convert();
    if (this.row === undefined) {
      (this.large as LargeSortedSet).set(member, score);
      return;
    }
    if (before !== undefined) this.row.remove(this.row.members.indexOf(member));
    this.row.insert(this.row.place(score, member), withoutMinusZero(score), member);
  }

  /** True when there was such a member. */
  delete(member: string): boolean {
    if (this.row === undefined) return (this.large as LargeSortedSet).delete(member);
    const at = this.row.members.indexOf(member);
    if (at >= 0) this.row.remove(at);
    return at >= 0;
  }

  /** From 0, lowest score first; undefined when there is no such member. */
  rank(member: string): number | undefined {
    if (this.row !== undefined) {
      const at = this.row.members.indexOf(member);
      return at < 0 ? undefined : at;
    }
    return (this.large as LargeSortedSet).rank(member);
  }

  /** How many members are below a bound: the rank of the first one that is not. */
  countBelow(isBelow: IsBelow): number {
    return this.row !== undefined ? this.row.countBelow(isBelow) : (this.large as LargeSortedSet).countBelow(isBelow);
  }

  /** The members of ranks `from` to `to`, `to` not included, lowest first. */
  range(from: number, to: number): ScoredMember[] {
    const members: ScoredMember[] = [];
    this.visit(from, to, (score, member) => members.push({ member, score }));
    return members;
  }

  /** Calls `visit` for the members of ranks `from` to `to`, `to` not included, lowest first. */
  visit(from: number, to: number, visit: (score: number, member: string) => void): void {
    const { row } = this;
    if (row === undefined) {
      (this.large as LargeSortedSet).visit(from, to, visit);
      return;
    }
    const end = Math.min(to, row.size);
    for (let at = Math.max(0, from); at < end; at++) visit(row.scores[at] as number, row.members[at] as string);
  }

  /** The set must not be empty. */
  randomMember(random: Random): ScoredMember {
    return this.at(random.below(this.size));
  }

  /** The member at a position of no meaning, in constant time. */
  at(position: number): ScoredMember {
    if (this.row === undefined) return (this.large as LargeSortedSet).at(position);
    return { member: this.row.members[position] as string, score: this.row.scores[position] as number };
  }

  /** One step of a scan, as in `KeyTable.scan`; a small set is given whole. */
  scan(cursor: number, count: number, visit: (score: number, member: string) => void): number {
    if (this.large !== undefined) return this.large.scan(cursor, count, visit);
    this.visit(0, this.size, visit);
    return 0;
  }

  /**
   * Takes over what a file holds, in any order.
   * @param compact it was in compact form there, and stays so unless it has too many members
   * @returns a member that is there twice
   */
  load(members: string[], scores: number[], compact: boolean): string | undefined {
    const [sortedScores, sortedMembers] = sorted(scores, members);
    const fits = members.length <= this.limits.zsetMaxListpackEntries;
    if (fits && (compact || members.every((member) => member.length <= this.limits.zsetMaxListpackValueBytes))) {
      this.row = new ScoreLeaf(compact ? sortedScores : sortedScores.map(withoutMinusZero), sortedMembers);
      if (new Set(members).size === members.length) return undefined;
      return members.find((member, at) => members.indexOf(member) < at);
    }
    this.row = undefined;
    this.large = new LargeSortedSet();
    return this.large.load(sortedScores, sortedMembers);
  }

  /** The rows of members, lowest first. To be read only. */
  leaves(): ScoreLeaf[] {
    return this.row !== undefined ? [this.row] : (this.large as LargeSortedSet).leaves();
  }

  /** The same, and they stay as they are until each is thawed. */
  freezeLeaves(): ScoreLeaf[] {
    if (this.row !== undefined) return [this.row.copy()];
    const leaves = this.leaves();
    for (const leaf of leaves) leaf.frozen = true;
    return leaves;
  }

  private outgrows(size: number, member: string): boolean {
    return size > this.limits.zsetMaxListpackEntries || member.length > this.limits.zsetMaxListpackValueBytes;
  }

  private convert(): void {
    if (this.row === undefined) return;
    this.large = new LargeSortedSet();
    this.large.load(this.row.scores, this.row.members);
    this.row = undefined;
  }
}

class LargeSortedSet {
  private readonly table = new KeyTable();
  private readonly scores: number[] = [];
  private tree = new ScoreTree();

  get size(): number {
    return this.table.size;
  }

  score(member: string): number | undefined {
    const slot = this.table.slotOf(member);
    return slot < 0 ? undefined : this.scores[slot];
  }

  set(member: string, score: number): void {
    const slot = this.table.slotOf(member);
    if (slot < 0) {
      this.table.add(member);
      this.scores.push(score);
    } else {
      this.tree.remove(this.scores[slot] as number, member);
      this.scores[slot] = score;
    }
    this.tree.insert(score, member);
  }

  delete(member: string): boolean {
    const slot = this.table.slotOf(member);
    if (slot < 0) return false;
    this.tree.remove(this.scores[slot] as number, member);
    this.table.remove(slot);
    const moved = this.scores.pop() as number;
    if (slot < this.scores.length) this.scores[slot] = moved;
    return true;
  }

  rank(member: string): number | undefined {
    const own = this.score(member);
    if (own === undefined) return undefined;
    return this.tree.countBelow((score, other) => score < own || (score === own && other < member));
  }

  countBelow(isBelow: IsBelow): number {
    return this.tree.countBelow(isBelow);
  }

  visit(from: number, to: number, visit: (score: number, member: string) => void): void {
    this.tree.visit(from, to, visit);
  }

  at(slot: number): ScoredMember {
    return { member: this.table.keys[slot] as string, score: this.scores[slot] as number };
  }

  scan(cursor: number, count: number, visit: (score: number, member: string) => void): number {
    return this.table.scan(cursor, count, (slot) =>
      visit(this.scores[slot] as number, this.table.keys[slot] as string),
    );
  }

  /** Returns a member that is there twice. */
  load(scores: readonly number[], members: readonly string[]): string | undefined {
    this.table.reserve(members.length);
    for (let at = 0; at < members.length; at++) {
      const member = members[at] as string;
      if (!this.table.add(member)) return member;
      this.scores.push(scores[at] as number);
    }
    this.tree = ScoreTree.ofSorted(scores, members);
    return undefined;
  }

  leaves(): ScoreLeaf[] {
    return this.tree.leaves();
  }
}

/** Redis puts a whole score into its listpack as an integer, and there is no integer −0. A file may still hold one. */
function withoutMinusZero(score: number): number {
  return score + 0;
}

/** The two columns in the order of a sorted set. Files hold them rising or falling, so that is looked for first. */
function sorted(scores: number[], members: string[]): [number[], string[]] {
  const count = members.length;
  const isBefore = (a: number, b: number): boolean =>
    (scores[a] as number) < (scores[b] as number) ||
    (scores[a] === scores[b] && (members[a] as string) < (members[b] as string));
  let rises = true;
  let falls = true;
  for (let at = 1; at < count && (rises || falls); at++) {
    if (isBefore(at, at - 1)) rises = false;
    else falls = false;
  }
  if (rises) return [scores, members];
  if (falls) return [scores.reverse(), members.reverse()];
  const order = Array.from({ length: count }, (_, at) => at).sort((a, b) => (isBefore(a, b) ? -1 : 1));
  return [order.map((at) => scores[at] as number), order.map((at) => members[at] as string)];
}
