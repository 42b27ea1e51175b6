import { expect } from "chai";
import { randomFrom } from "../random.ts";
import { inTurns } from "./strata.ts";

describe("strata of crash states", () => {
  const strata = new Map([
    ["common", Array.from({ length: 1_000 }, (_, index) => `common ${index}`)],
    ["rare", ["rare 0", "rare 1"]],
    ["single", ["single 0"]],
  ]);

  it("take turns: what is rare is all tried before much of what is common is", () => {
    const first = [...inTurns(strata, randomFrom("s"))].slice(0, 5);
    expect(first.filter((name) => !name.startsWith("common")).sort()).to.deep.equal(["rare 0", "rare 1", "single 0"]);
  });

  it("leave nothing out", () => {
    expect([...inTurns(strata, randomFrom("s"))]).to.have.members([...strata.values()].flat());
  });

  it("come in an order that the seed decides", () => {
    const order = (seed: string) => [...inTurns(strata, randomFrom(seed))];
    expect(order("a")).to.deep.equal(order("a"));
    expect(order("a")).to.not.deep.equal(order("b"));
  });
});
