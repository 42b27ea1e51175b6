import { expect } from "chai";
import { clipped, counted, grouped, harmless, inPercent, inTime, wrapped } from "./words.ts";

describe("words of reports", () => {
  it("lengths of time keep three digits and the unit that fits", () => {
    const shown = [0, 0.04, 0.44, 9.4, 85.2, 999, 2_180, 59_900, 60_000, 133_000].map(inTime);
    const expected = [
      "0 ms",
      "under 0.1 ms",
      "0.4 ms",
      "9.4 ms",
      "85 ms",
      "999 ms",
      "2.18 s",
      "59.9 s",
      "1 min 0 s",
      "2 min 13 s",
    ];
    expect(shown).to.deep.equal(expected);
  });

  it("counts are grouped, and one of a thing is one", () => {
    expect(grouped(12_034)).to.equal("12,034");
    expect(counted(1, "kill")).to.equal("1 kill");
    expect(counted(0, "kill")).to.equal("0 kills");
  });

  it("a share that was not excluded never reads as zero", () => {
    const shown = [0.0222, 0.26, 0.000012, 0.03, 1, 0].map(inPercent);
    expect(shown).to.deep.equal(["2.3 %", "26 %", "0.0012 %", "3 %", "100 %", "0 %"]);
  });

  it("control characters of a stranger reach no terminal", () => {
    expect(harmless("a\u001b[31mred\r\n\u009b1mb\u202ec")).to.equal("a\\x1b[31mred\\x0d\\x0a\\x9b1mb\\u202ec");
    expect(harmless("→ größer 日本")).to.equal("→ größer 日本");
  });

  it("what is too long for its place is clipped, and it shows", () => {
    expect(clipped("abcdef", 6)).to.equal("abcdef");
    expect(clipped("abcdef", 4.5)).to.equal("abc…");
  });

  it("text is broken at blanks, and a long word is not cut", () => {
    expect(wrapped("one two three", 7)).to.deep.equal(["one two", "three"]);
    expect(wrapped("a enormously b", 5)).to.deep.equal(["a", "enormously", "b"]);
    expect(wrapped("", 5)).to.deep.equal([]);
  });
});
