import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { needExecutable } from "../../tests/needs.ts";
import { checkOf, measureClaim, measureOtherwise } from "./measure-claim.ts";

const catalogue = new Catalogue();
const order = { catalogue, target: "bundled", signal: new AbortController().signal };

/** Smaller than what ships, and with limits that no machine can miss: what a check says hangs on what it is told. */
const real = [
  ["claims/c10", { megabytes: 1, noticeableMs: 0 }, {}],
  ["claims/c19", { keys: 300, leastTimes: 1_000 }, { keys: 300 }],
  ["claims/c26", {}, {}],
  ["claims/c28", { leastPercent: 5_000, mostPercent: 6_000, seconds: 0.1 }, { seconds: 0.1 }],
  ["claims/c29", { megabytes: 1, forkS: 1_000 }, { megabytes: 1 }],
] as const;

describe("claims about persistence", () => {
  const claims = catalogue.claimNames().map((name) => catalogue.claim(name).value);

  it("are all thirty-four there, each with a check", () => {
    expect(claims.map(({ name }) => name)).to.deep.equal(
      Array.from({ length: 34 }, (_, index) => `claims/c${String(index + 1).padStart(2, "0")}`),
    );
    for (const claim of claims) expect(checkOf(claim).name).to.equal(claim.check);
  });

  for (const claim of claims.filter((each) => checkOf(each).on === "simulated")) {
    it(`${claim.name} comes out as ${claim.expect}, and otherwise as ${claim.otherwise.verdict}`, async function () {
      this.timeout(0);
      const { verdict, figure } = await measureClaim(claim, order);
      expect(verdict, figure).to.equal(claim.expect);
      expect(claim.otherwise.verdict).to.not.equal(claim.expect);
      const otherwise = await measureOtherwise(claim, order);
      expect(otherwise.verdict, otherwise.figure).to.equal(claim.otherwise.verdict);
    });
  }

  for (const [name, smaller, otherwise] of real) {
    it(`${name} is measured on real processes, and comes out both ways`, async function () {
      this.timeout(60_000);
      const target = needExecutable(this, "redis-server");
      const claim = catalogue.claim(name).value;
      const small = { ...claim, with: { ...claim.with, ...smaller } };
      const { verdict, figure } = await measureClaim(small, { ...order, target });
      expect(verdict, figure).to.equal(claim.expect);
      const other = { ...small, otherwise: { ...claim.otherwise, with: { ...claim.otherwise.with, ...otherwise } } };
      const measured = await measureOtherwise(other, { ...order, target });
      expect(measured.verdict, measured.figure).to.equal(claim.otherwise.verdict);
    });
  }

  it("are not known, with the reason, when the check cannot do its work", async () => {
    const claim = claims[0];
    if (claim === undefined) throw new Error("there is no claim");
    const result = await measureClaim({ ...claim, directives: ["appendonly perhaps"] }, order);
    expect(result.verdict).to.equal("unknown");
    expect(result.figure).to.match(/argument|perhaps|'yes' or 'no'/);
  });
});
