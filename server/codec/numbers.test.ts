import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import { formatDouble, formatPackedDouble, parseDouble } from "./doubles.ts";
import { canonicalInt64, canonicalInteger } from "./integers.ts";

describe("a text", () => {
  it("is an integer when printing the integer gives it again, within 64 bits", () => {
    expect(canonicalInt64("0")).to.equal(0);
    expect(canonicalInt64("-1")).to.equal(-1);
    expect(canonicalInt64("9007199254740991")).to.equal(9007199254740991);
    expect(canonicalInt64("9007199254740993")).to.equal(9007199254740993n);
    expect(canonicalInt64("9223372036854775807")).to.equal(2n ** 63n - 1n);
    expect(canonicalInt64("-9223372036854775808")).to.equal(-(2n ** 63n));
    const others = ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808"];
    for (const text of others) expect(canonicalInt64(text), text).to.equal(undefined);
    expect(canonicalInteger("9007199254740993")).to.equal(undefined);
  });

  it("that is taken for an integer always prints as it was", () => {
    holds(
      fc.property(latin1(25), (text) => {
        const value = canonicalInt64(text);
        if (value !== undefined) expect(String(value)).to.equal(text);
        else expect(/^(0|-?[1-9]\d*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)).to.equal(false);
      }),
      1000,
    );
  });
});

describe("a double", () => {
  it("is printed as C's %.17g prints it", () => {
    const printed: [number, string][] = [
      [0, "0"],
      [-0, "-0"],
      [3, "3"],
      [0.1, "0.10000000000000001"],
      [3.14, "3.1400000000000001"],
      [-1.5, "-1.5"],
      [1e16, "10000000000000000"],
      [1e17, "1e+17"],
      [1.5e21, "1.5e+21"],
      [123456789012345600 + 80, "1.2345678901234568e+17"],
      [0.0001, "0.0001"],
      [0.00001, "1.0000000000000001e-05"],
      [5e-324, "4.9406564584124654e-324"],
      [1.7976931348623157e308, "1.7976931348623157e+308"],
      // Exactly between two: the even one.
      [245010723912258 + 1 / 8, "245010723912258.12"],
      [245010723912258 + 3 / 8, "245010723912258.38"],
      [Number.POSITIVE_INFINITY, "inf"],
      [Number.NEGATIVE_INFINITY, "-inf"],
      [Number.NaN, "nan"],
    ];
    for (const [value, text] of printed) expect(formatDouble(value)).to.equal(text);
  });

  it("that is whole is written out within listpacks", () => {
    expect(formatPackedDouble(1e17)).to.equal("100000000000000000");
    expect(formatPackedDouble(2 ** 62)).to.equal("4611686018427387904");
    expect(formatPackedDouble(2 ** 63)).to.equal("9.2233720368547758e+18");
    expect(formatPackedDouble(0.5)).to.equal("0.5");
    expect(formatPackedDouble(-0)).to.equal("-0");
  });

  it("is read back from what was printed", () => {
    holds(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(parseDouble(formatDouble(value))).to.equal(value);
        expect(parseDouble(formatPackedDouble(value))).to.equal(value);
      }),
      1000,
    );
  });

  it("is read as strtod reads it", () => {
    const read: [string, number][] = [
      ["1", 1],
      ["+1.5", 1.5],
      ["-.5e-1", -0.05],
      ["1.", 1],
      ["1e3", 1000],
      ["inf", Number.POSITIVE_INFINITY],
      ["+Infinity", Number.POSITIVE_INFINITY],
      ["-INF", Number.NEGATIVE_INFINITY],
      ["0x10", 16],
      ["-0x1.8p1", -3],
      ["0e5", 0],
    ];
    for (const [text, value] of read) expect(parseDouble(text), text).to.equal(value);
    const refused = ["", " 1", "1 ", "1x", "nan", "e5", ".", "0x", "0b1", "1_000", "1e400", "-1e400", "1e-400", "1\0"];
    for (const text of refused) expect(parseDouble(text), text).to.equal(undefined);
  });
});
