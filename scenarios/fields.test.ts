import { expect } from "chai";
import { durationField, durationMs, rangeField } from "./fields.ts";

describe("fields of scenario files", () => {
  it("a length of time is read in ms, s, m and h", () => {
    const read = ["500ms", "60s", "2m", "1h", "1.5s"].map(durationMs);
    expect(read).to.deep.equal([500, 60_000, 120_000, 3_600_000, 1_500]);
  });

  it("a length of time without a unit, below zero or of nothing at all is refused", () => {
    for (const wrong of ["60", "-5s", "0s", "0.0001ms", "5 s", "5d", ""]) {
      expect(durationField.safeParse(wrong).success, wrong).to.equal(false);
    }
  });

  it("a range is one number or [from, to], and comes out in one form", () => {
    expect(rangeField(0).parse(500)).to.deep.equal({ least: 500, most: 500 });
    expect(rangeField(0).parse([100, 900])).to.deep.equal({ least: 100, most: 900 });
  });

  it("a range that runs backwards or leaves its bounds is refused", () => {
    for (const wrong of [[9, 3], [1], [1, 2, 3], -1, [0, 11], 1.5]) {
      expect(rangeField(0, 10).safeParse(wrong).success, JSON.stringify(wrong)).to.equal(false);
    }
  });
});
