import { expect } from "chai";
import { wantsColour } from "./paint.ts";

describe("colour", () => {
  it("is for a terminal, and not for a pipe, a dumb terminal or CI", () => {
    expect(wantsColour({}, true)).to.equal(true);
    expect(wantsColour({}, false)).to.equal(false);
    expect(wantsColour({ TERM: "dumb" }, true)).to.equal(false);
    expect(wantsColour({ CI: "true" }, true)).to.equal(false);
  });

  it("is what NO_COLOR and FORCE_COLOR say, NO_COLOR first", () => {
    expect(wantsColour({ NO_COLOR: "1" }, true)).to.equal(false);
    expect(wantsColour({ FORCE_COLOR: "1", CI: "true" }, false)).to.equal(true);
    expect(wantsColour({ FORCE_COLOR: "0" }, true)).to.equal(false);
    expect(wantsColour({ NO_COLOR: "1", FORCE_COLOR: "1" }, true)).to.equal(false);
  });
});
