import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { Crc64, crc64 } from "./crc64.ts";

/** Bit by bit, as the polynomial says. */
function slowCrc64(bytes: Uint8Array): bigint {
  let sum = 0n;
  for (const byte of bytes) {
    sum ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1n) === 1n ? (sum >> 1n) ^ 0x95ac9329ac4bc9b5n : sum >> 1n;
  }
  return sum;
}

describe("the checksum", () => {
  it("of 123456789 is e9c6d914c4b8d9ca", () => {
    expect(crc64(Buffer.from("123456789")).toString(16)).to.equal("e9c6d914c4b8d9ca");
  });

  it("of nothing is 0", () => {
    expect(crc64(Buffer.alloc(0))).to.equal(0n);
  });

  it("is what the polynomial gives bit by bit, however the bytes are cut", () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat(100), { maxLength: 5 }), (bytes, cuts) => {
        const sum = new Crc64();
        const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
        let start = 0;
        for (const end of ends) {
          sum.add(bytes, start, end);
          start = end;
        }
        expect(sum.value).to.equal(slowCrc64(bytes));
        expect(sum.toBytes().readBigUInt64LE()).to.equal(sum.value);
      }),
    );
  });
});
