import { expect } from "chai";
import { addLongDoubles, formatLongDouble, type LongDouble, parseLongDouble } from "./long-double.ts";

function sum(first: string, second: string): string {
  return formatLongDouble(addLongDoubles(parseLongDouble(first) as LongDouble, parseLongDouble(second) as LongDouble));
}

describe("80-bit numbers", () => {
  it("add up as Redis's INCRBYFLOAT does", () => {
    // Answers of redis-server 7.0.15.
    for (const [first, second, answer] of [
      ["0", "0", "0"],
      ["1", "0.25", "1.25"],
      ["0.1", "0.2", "0.3"],
      ["3.0e3", "200", "3200"],
      ["-1.5", "1.5", "0"],
      ["1", "-1.1", "-0.1"],
      ["17179869184", "1.5", "17179869185.5"],
      ["1.23e-17", "0", "0.00000000000000001"],
      ["10.5", "0.1", "10.6"],
      ["9007199254740993", "0.5", "9007199254740993.5"],
    ]) {
      expect(sum(first as string, second as string), `${first} + ${second}`).to.equal(answer);
    }
  });

  it("refuse what is no number, and what 80 bits cannot hold", () => {
    for (const text of ["", " 1", "1 ", "abc", ".", "1e", "1e5000", "1e-5000", "nan", "1.2.3"]) {
      expect(parseLongDouble(text), text).to.equal(undefined);
    }
  });
});
