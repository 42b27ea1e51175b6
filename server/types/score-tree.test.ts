import { expect } from "chai";
import seedrandom from "seedrandom";
import { seed } from "../../tests/property.ts";
import { ScoreTree } from "./score-tree.ts";

interface Node {
  readonly children?: readonly Node[];
}

function widestBranch(node: Node): number {
  return Math.max(node.children?.length ?? 0, ...(node.children ?? []).map(widestBranch));
}

/** Large enough for branches above branches, which joins and splits of branches need. */
const manyMembers = 12_000;

describe("the tree of a large sorted set", () => {
  it("keeps its order while it grows by thousands and shrinks to hundreds, again and again", () => {
    console.log(`      randomised tests: LOSSBOUND_TEST_SEED=${seed}`);
    const random = seedrandom.alea(String(seed));
    const tree = new ScoreTree();
    const there: [score: number, member: string][] = [];
    const check = (): void => {
      const expected = [...there].sort(([a, m], [b, n]) => a - b || (m < n ? -1 : 1));
      const found: [number, string][] = [];
      tree.visit(0, tree.size, (score, member) => found.push([score, member]));
      expect(found).to.deep.equal(expected);
      for (let probe = 0; probe < 200; probe++) {
        const rank = Math.floor(random() * expected.length);
        const [score, member] = expected[rank] as [number, string];
        expect(tree.countBelow((s, m) => s < score || (s === score && m < member))).to.equal(rank);
      }
      expect(tree.leaves().every((leaf) => leaf.size > 0 && leaf.size <= 64)).to.equal(true);
      expect(widestBranch((tree as unknown as { root: Node }).root)).to.be.at.most(64);
    };
    let named = 0;
    for (const [most, least] of [
      [manyMembers, 300],
      [6_000, 1],
      [manyMembers, 5_000],
      [9_000, 70],
    ] as const) {
      // A narrow stretch of scores takes most of what comes, so that neighbours split and join often.
      const centre = random() * 100;
      while (there.length < most) {
        const score = random() < 0.7 ? Math.round(centre * 10) / 10 : Math.round(random() * 1000) / 10;
        const entry: [number, string] = [score, `m${named++}`];
        there.push(entry);
        tree.insert(...entry);
      }
      check();
      while (there.length > least) {
        const at = random() < 0.5 ? there.length - 1 : Math.floor(random() * there.length);
        const [entry] = there.splice(at, 1) as [[number, string]];
        tree.remove(...entry);
        // What comes into a shrunken place may be lower than anything that was left there.
        if (random() < 0.1) {
          const back: [number, string] = [entry[0] - 0.05, `m${named++}`];
          there.push(back);
          tree.insert(...back);
        }
      }
      check();
    }
  });

  it("finds what came into the place of an emptied leaf, also when branches are joined later", () => {
    const leafWidth = 48;
    const branchWidth = 48;
    const border = leafWidth * branchWidth;
    const scores = Array.from({ length: 2 * border }, (_, n) => n);
    const tree = ScoreTree.ofSorted(
      scores,
      scores.map(() => "m"),
    );
    // The second leaf of the right branch is filled, so that the first one, when it is emptied, cannot be joined to it.
    for (let n = 0; n < 16; n++) tree.insert(border + leafWidth + n + 0.5, "m");
    for (let n = 0; n < leafWidth; n++) tree.remove(border + n, "m");
    tree.insert(border, "z");
    // Now the right branch becomes narrow and is joined to the left one.
    for (let n = border + 3 * leafWidth; n < 2 * border - leafWidth; n++) tree.remove(n, "m");
    expect(tree.countBelow((score) => score <= border)).to.equal(border + 1);
    tree.remove(border, "z");
    expect(tree.countBelow((score) => score <= border)).to.equal(border);
  });

  it("that is built from sorted members can be changed like any other", () => {
    const scores = Array.from({ length: 5_000 }, (_, n) => n);
    const tree = ScoreTree.ofSorted(
      scores,
      scores.map((n) => `m${n}`),
    );
    for (let n = 0; n < 5_000; n += 2) tree.remove(n, `m${n}`);
    for (let n = 0; n < 5_000; n += 4) tree.insert(n + 0.5, `half${n}`);
    expect(tree.size).to.equal(3_750);
    let before = Number.NEGATIVE_INFINITY;
    tree.visit(0, tree.size, (score) => {
      expect(score).to.be.above(before);
      before = score;
    });
  });
});
