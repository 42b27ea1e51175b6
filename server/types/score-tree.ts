/**
 * The order of a large sorted set: a tree whose leaves are rows of members and whose branches count what is below them.
 *
 *                  counts [ 130 | 97 | 201 ]        a rank is found by counting, a score by comparing:
 *                  lows   [     |  d |  k  ]        both in as many steps as the tree is high
 *                   ╱        │        ╲
 *              [a b c]    [d … j]    [k …]          every member below child i is at or above its low
 *
 * An image (see data-type.ts) is the row of leaves there were; as in a list, a leaf that was not written yet is left to
 * the image, and a copy takes its place in the tree.
 */
import { type IsBelow, ScoreLeaf } from "./score-leaf.ts";

/** Members in a leaf, children of a branch. */
const widest = 64;
/** A node that became narrower than this is joined with its neighbour when the two fit together. */
const narrow = 16;

type Node = ScoreLeaf | Branch;

export class ScoreTree {
  private root: Node = new ScoreLeaf();

  /** Builds the tree of members that are in order already. */
  static ofSorted(scores: readonly number[], members: readonly string[]): ScoreTree {
    const tree = new ScoreTree();
    const width = (widest * 3) / 4;
    let level: Node[] = [];
    for (let at = 0; at < members.length; at += width) {
      level.push(new ScoreLeaf(scores.slice(at, at + width), members.slice(at, at + width)));
    }
    while (level.length > 1) {
      const above: Node[] = [];
      for (let at = 0; at < level.length; at += width) above.push(Branch.of(level.slice(at, at + width)));
      level = above;
    }
    tree.root = level[0] ?? new ScoreLeaf();
    return tree;
  }

  get size(): number {
    return this.root.size;
  }

  insert(score: number, member: string): void {
    this.root = owned(this.root);
    const sibling = insertInto(this.root, score, member);
    if (sibling !== undefined) this.root = Branch.of([this.root, sibling]);
  }

  /** The member must be there with that score. */
  remove(score: number, member: string): void {
    this.root = owned(this.root);
    removeFrom(this.root, score, member);
    while (this.root instanceof Branch && this.root.children.length === 1) this.root = this.root.children[0] as Node;
  }

  /** How many members, from the lowest on, are below the bound: the rank of the first one that is not. */
  countBelow(isBelow: IsBelow): number {
    let rank = 0;
    let node = this.root;
    while (node instanceof Branch) {
      let child = 0;
      const { lowScores, lowMembers, counts } = node;
      while (child + 1 < counts.length && isBelow(lowScores[child + 1] as number, lowMembers[child + 1] as string)) {
        rank += counts[child++] as number;
      }
      node = node.children[child] as Node;
    }
    return rank + node.countBelow(isBelow);
  }

  /** Calls `visit` for the members of ranks `from` to `to`, `to` not included. */
  visit(from: number, to: number, visit: (score: number, member: string) => void): void {
    visitBelow(this.root, from, to, visit);
  }

  /** The leaves, lowest first. */
  leaves(): ScoreLeaf[] {
    const leaves: ScoreLeaf[] = [];
    collectLeaves(this.root, leaves);
    return leaves;
  }
}

class Branch {
  readonly children: Node[] = [];
  readonly counts: number[] = [];
  /** The lowest place that child i may hold; that of child 0 is never asked for. */
  readonly lowScores: number[] = [];
  readonly lowMembers: string[] = [];

  static of(children: readonly Node[]): Branch {
    const branch = new Branch();
    for (const child of children) branch.put(branch.children.length, child, ...lowOf(child));
    return branch;
  }

  get size(): number {
    let sum = 0;
    for (const count of this.counts) sum += count;
    return sum;
  }

  /** Which child a place belongs to. */
  childFor(score: number, member: string): number {
    const { lowScores, lowMembers } = this;
    let low = 0;
    let high = lowScores.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const lowScore = lowScores[middle] as number;
      if (lowScore < score || (lowScore === score && (lowMembers[middle] as string) <= member)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The child, ready to be changed. */
  own(index: number): Node {
    const child = owned(this.children[index] as Node);
    this.children[index] = child;
    return child;
  }

  put(index: number, child: Node, lowScore: number, lowMember: string): void {
    this.children.splice(index, 0, child);
    this.counts.splice(index, 0, child.size);
    this.lowScores.splice(index, 0, lowScore);
    this.lowMembers.splice(index, 0, lowMember);
  }

  drop(index: number): void {
    this.children.splice(index, 1);
    this.counts.splice(index, 1);
    this.lowScores.splice(index, 1);
    this.lowMembers.splice(index, 1);
  }

  split(at: number): Branch {
    const sibling = new Branch();
    sibling.children.push(...this.children.splice(at));
    sibling.counts.push(...this.counts.splice(at));
    sibling.lowScores.push(...this.lowScores.splice(at));
    sibling.lowMembers.push(...this.lowMembers.splice(at));
    return sibling;
  }

  /** Takes in what follows; nothing there is below the given place. */
  absorb(next: Branch, lowScore: number, lowMember: string): void {
    const joint = this.children.length;
    this.children.push(...next.children);
    this.counts.push(...next.counts);
    this.lowScores.push(...next.lowScores);
    this.lowMembers.push(...next.lowMembers);
    this.lowScores[joint] = lowScore;
    this.lowMembers[joint] = lowMember;
  }
}

function lowOf(node: Node): [score: number, member: string] {
  let leaf = node;
  while (leaf instanceof Branch) leaf = leaf.children[0] as Node;
  return [leaf.scores[0] as number, leaf.members[0] as string];
}

function owned(node: Node): Node {
  return node instanceof ScoreLeaf && node.frozen ? node.copy() : node;
}

function width(node: Node): number {
  return node instanceof Branch ? node.children.length : node.size;
}

/** Returns the new right neighbour when the node had to be split. */
function insertInto(node: Node, score: number, member: string): Node | undefined {
  if (node instanceof ScoreLeaf) {
    const at = node.place(score, member);
    node.insert(at, score, member);
    if (node.size <= widest) return undefined;
    // Members that come in rising order fill the leaves they leave behind.
    return node.split(at === widest ? widest : widest >> 1);
  }
  const index = node.childFor(score, member);
  const child = node.own(index);
  const sibling = insertInto(child, score, member);
  if (sibling === undefined) {
    node.counts[index] = (node.counts[index] as number) + 1;
    return undefined;
  }
  node.counts[index] = child.size;
  node.put(index + 1, sibling, ...lowOf(sibling));
  if (node.children.length <= widest) return undefined;
  return node.split(index + 1 === widest ? widest : widest >> 1);
}

function removeFrom(node: Node, score: number, member: string): void {
  if (node instanceof ScoreLeaf) {
    node.remove(node.place(score, member));
    return;
  }
  const index = node.childFor(score, member);
  const child = node.own(index);
  removeFrom(child, score, member);
  node.counts[index] = (node.counts[index] as number) - 1;
  if (width(child) === 0) node.drop(index);
  else if (width(child) < narrow) joinWithNeighbour(node, index);
}

function joinWithNeighbour(branch: Branch, index: number): void {
  const leftIndex = Math.max(0, index - 1);
  const right = branch.children[leftIndex + 1];
  if (right === undefined || width(branch.children[leftIndex] as Node) + width(right) > widest) return;
  const left = branch.own(leftIndex);
  const { lowScores, lowMembers } = branch;
  if (left instanceof Branch) {
    left.absorb(right as Branch, lowScores[leftIndex + 1] as number, lowMembers[leftIndex + 1] as string);
  } else left.absorb(right as ScoreLeaf);
  branch.counts[leftIndex] = (branch.counts[leftIndex] as number) + (branch.counts[leftIndex + 1] as number);
  branch.drop(leftIndex + 1);
}

function visitBelow(node: Node, from: number, to: number, visit: (score: number, member: string) => void): void {
  if (node instanceof ScoreLeaf) {
    const end = Math.min(to, node.size);
    for (let at = Math.max(0, from); at < end; at++) visit(node.scores[at] as number, node.members[at] as string);
    return;
  }
  let before = 0;
  for (let child = 0; child < node.children.length && before < to; child++) {
    const count = node.counts[child] as number;
    if (before + count > from) visitBelow(node.children[child] as Node, from - before, to - before, visit);
    before += count;
  }
}

function collectLeaves(node: Node, leaves: ScoreLeaf[]): void {
  if (node instanceof ScoreLeaf) leaves.push(node);
  else for (const child of node.children) collectLeaves(child, leaves);
}
