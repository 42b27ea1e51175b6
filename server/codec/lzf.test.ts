import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { lzfCompress, lzfDecompress, lzfMaxExpansion } from "./lzf.ts";

function compress(input: Uint8Array, roomBytes = input.length + 32): Buffer | undefined {
  const output = Buffer.alloc(roomBytes + 8, 0xee);
  const length = lzfCompress(input, 0, input.length, output, 0, roomBytes);
  expect(
    output.subarray(roomBytes).every((byte) => byte === 0xee),
    "nothing is written beyond the room",
  ).to.equal(true);
  return length === 0 ? undefined : output.subarray(0, length);
}

/** Bytes with repeats near and far, long and short. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 40 })), { maxLength: 20 })
  .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array<Uint8Array>(times).fill(bytes))));

describe("compression", () => {
  it("comes back as it was", () => {
    holds(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        const compressed = compress(bytes);
        if (compressed === undefined) {
          expect(bytes.length).to.equal(0);
          return;
        }
        const plain = Buffer.alloc(bytes.length);
        expect(lzfDecompress(compressed, plain)).to.equal(undefined);
        expect(plain.equals(bytes)).to.equal(true);
      }),
    );
  });

  it("makes a long run as short as the format allows, and no shorter", () => {
    const zeros = Buffer.alloc(10_000);
    const compressed = compress(zeros) as Buffer;
    expect(compressed.length).to.be.below(120);
    expect(zeros.length).to.be.at.most(compressed.length * lzfMaxExpansion);
  });

  it("finds a repeat 8192 bytes back, and none farther away", () => {
    const unlike = Buffer.from(Array.from({ length: 8192 }, (_, i) => (i * 7919 + (i >> 5) * 104729) & 0xff));
    const marker = Buffer.from("a marker that stands twice");
    const near = compress(Buffer.concat([marker, unlike.subarray(0, 8192 - marker.length), marker])) as Buffer;
    const far = compress(Buffer.concat([marker, unlike, marker])) as Buffer;
    expect(far.length - near.length).to.be.at.least(marker.length - 4);
  });

  it("gives up when the room does not suffice, and writes nothing beyond it", () => {
    holds(
      fc.property(repetitive, fc.nat(100), (bytes, roomBytes) => {
        const whole = compress(bytes);
        const cramped = compress(bytes, roomBytes);
        if (whole !== undefined && whole.length + 4 <= roomBytes) expect(cramped?.equals(whole)).to.equal(true);
        if (cramped !== undefined) expect(cramped.length).to.be.at.most(roomBytes);
      }),
    );
  });

  it("reads what others wrote: literals, a short repeat, one that overlaps itself, a long one", () => {
    const written = Buffer.from([0x02, 0x61, 0x62, 0x63, 0x20, 0x02, 0xe0, 0x03, 0x00]);
    const plain = Buffer.alloc(3 + 3 + 12);
    expect(lzfDecompress(written, plain)).to.equal(undefined);
    expect(plain.toString()).to.equal("abcabccccccccccccc");
  });

  it("refuses bytes that are damaged, and touches nothing outside of its output", () => {
    const plain = Buffer.alloc(10);
    expect(lzfDecompress(Buffer.from([0x05, 0x61]), plain)).to.equal("compressed string ends within a literal");
    expect(lzfDecompress(Buffer.from([0x20]), plain)).to.equal("compressed string ends within a repeat");
    expect(lzfDecompress(Buffer.from([0xe0]), plain)).to.equal("compressed string ends within a repeat");
    expect(lzfDecompress(Buffer.from([0xe0, 0x01]), plain)).to.equal("compressed string ends within a repeat");
    expect(lzfDecompress(Buffer.from([0x00, 0x61, 0x20, 0x01]), plain)).to.equal(
      "compressed string repeats what is before its beginning",
    );
    expect(lzfDecompress(Buffer.from([0x00, 0x61, 0xe0, 0x20, 0x00]), plain)).to.equal(
      "compressed string is longer than announced",
    );
    expect(lzfDecompress(Buffer.from([0x00, 0x61]), plain)).to.equal("compressed string gives 1 bytes, 10 announced");
  });

  it("ends for whatever bytes it is given", () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), (bytes, plainBytes) => {
        const complaint = lzfDecompress(bytes, Buffer.alloc(plainBytes));
        expect(complaint).to.satisfy((text: unknown) => text === undefined || typeof text === "string");
      }),
      1000,
    );
  });
});
