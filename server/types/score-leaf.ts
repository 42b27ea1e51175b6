/**
 * Members in the order of a sorted set: by score, then by bytes. A small sorted set is one such row; a large one is a
 * tree of them (score-tree.ts).
 */

export interface ScoredMember {
  readonly member: string;
  readonly score: number;
}

/** Says of a place in the order whether it is below some bound. Must be true up to one point and false from there. */
export type IsBelow = (score: number, member: string) => boolean;

export class ScoreLeaf {
  readonly scores: number[];
  readonly members: string[];
  /** Part of an image that has not written it yet: whoever wants to change it changes a copy. */
  frozen = false;

  constructor(scores: number[] = [], members: string[] = []) {
    this.scores = scores;
    this.members = members;
  }

  get size(): number {
    return this.members.length;
  }

  /** How many places, from the lowest on, are below the bound. */
  countBelow(isBelow: IsBelow): number {
    let low = 0;
    let high = this.members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBelow(this.scores[middle] as number, this.members[middle] as string)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where a member with a score is, or would be. */
  place(score: number, member: string): number {
    const { scores, members } = this;
    let low = 0;
    let high = members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = scores[middle] as number;
      if (other < score || (other === score && (members[middle] as string) < member)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(at: number, score: number, member: string): void {
    if (at === this.members.length) {
      this.scores.push(score);
      this.members.push(member);
    } else {
      this.scores.splice(at, 0, score);
      this.members.splice(at, 0, member);
    }
  }

  remove(at: number): void {
    this.scores.splice(at, 1);
    this.members.splice(at, 1);
  }

  /** Cuts off what stands from `at` on. */
  split(at: number): ScoreLeaf {
    return new ScoreLeaf(this.scores.splice(at), this.members.splice(at));
  }

  /** Takes in what follows. */
  absorb(next: ScoreLeaf): void {
    for (const score of next.scores) this.scores.push(score);
    for (const member of next.members) this.members.push(member);
  }

  copy(): ScoreLeaf {
    return new ScoreLeaf(this.scores.slice(), this.members.slice());
  }
}
