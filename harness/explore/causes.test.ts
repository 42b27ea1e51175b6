import { expect } from "chai";
import type { FindingKind } from "../oracle/checker.ts";
import { eachCauseOnce } from "./causes.ts";

const seen = (kind: FindingKind, model: string, isKnown = false) => ({ kind, model, isKnown });

describe("findings of one recording", () => {
  const kindsOf = (...all: ReturnType<typeof seen>[]) => {
    const byFingerprint = new Map(all.map((each, index) => [`f${index}`, each]));
    return [...eachCauseOnce(byFingerprint, (each) => each).values()].map(({ kind }) => kind);
  };

  it("name a hole once: what it leaves of a transaction is the same cause", () => {
    expect(kindsOf(seen("hole", "cross"), seen("half-transaction", "cross"))).to.deep.equal(["hole"]);
  });

  it("keep half a transaction that no hole explains: under another disk, or beside a hole that is known", () => {
    expect(kindsOf(seen("half-transaction", "torn"))).to.deep.equal(["half-transaction"]);
    expect(kindsOf(seen("hole", "cross"), seen("half-transaction", "torn"))).to.have.lengthOf(2);
    expect(kindsOf(seen("hole", "cross", true), seen("half-transaction", "cross"))).to.have.lengthOf(2);
  });
});
