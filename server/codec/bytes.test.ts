import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import { type ByteSource, BytesIn } from "./bytes-in.ts";
import { type BytesOut, RdbBytes } from "./bytes-out.ts";
import { Crc64, crc64 } from "./crc64.ts";
import { DamagedFile } from "./damaged-file.ts";
import { SegmentBytes, SegmentReader } from "./segments.ts";

/** A file that is read in pieces. */
function source(bytes: Uint8Array): ByteSource {
  return {
    path: "/data/x",
    size: () => bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

function written(write: (out: BytesOut) => void, compress = true): Buffer {
  const out = new RdbBytes(compress);
  write(out);
  return Buffer.from(out.take());
}

function hexOf(value: string | number, compress = true): string {
  return written((out) => out.string(value), compress).toString("hex");
}

describe("an RDB string", () => {
  it("is written in integer form when that gives the text again", () => {
    expect(hexOf("0")).to.equal("c000");
    expect(hexOf("-128")).to.equal("c080");
    expect(hexOf("128")).to.equal("c18000");
    expect(hexOf("-32768")).to.equal("c10080");
    expect(hexOf("32768")).to.equal("c200800000");
    expect(hexOf(2147483647)).to.equal("c2ffffff7f");
    expect(hexOf("-2147483648")).to.equal("c200000080");
    expect(hexOf("2147483648")).to.equal("0a32313437343833363438");
    expect(hexOf(2147483648)).to.equal("0a32313437343833363438");
    expect(hexOf("-0")).to.equal("022d30");
    expect(hexOf("01")).to.equal("023031");
  });

  it("has its length in 6, 14 or 32 bits", () => {
    const head = (length: number) => written((out) => out.length(length)).toString("hex");
    expect(head(63)).to.equal("3f");
    expect(head(64)).to.equal("4040");
    expect(head(16383)).to.equal("7fff");
    expect(head(16384)).to.equal("8000004000");
    expect(head(2 ** 32)).to.equal("810000000100000000");
  });

  it("is compressed from 21 bytes on, when that saves four", () => {
    expect(hexOf("a".repeat(20))).to.equal(`14${"61".repeat(20)}`);
    expect(hexOf("a".repeat(100)).slice(0, 2)).to.equal("c3");
    expect(hexOf("a".repeat(100), false)).to.equal(`4064${"61".repeat(100)}`);
    const unlike = Buffer.from(Array.from({ length: 60 }, (_, i) => i * 3)).toString("latin1");
    expect(hexOf(unlike).slice(0, 2)).to.equal("3c");
  });

  it("is read as it was written, with every window and either way of compression", () => {
    holds(
      fc.property(
        fc.array(
          fc.oneof(
            latin1(),
            latin1(20).map((text) => text.repeat(9)),
          ),
          { maxLength: 8 },
        ),
        fc.boolean(),
        fc.integer({ min: 1, max: 64 }),
        (texts, compress, windowBytes) => {
          const bytes = written((out) => {
            for (const text of texts) out.string(text);
          }, compress);
          const sum = new Crc64();
          const input = new BytesIn(source(bytes), "/data/x", windowBytes);
          input.checksumInto(sum);
          for (const text of texts) expect(input.string()).to.equal(text);
          input.stopChecksum();
          expect(input.remaining).to.equal(0);
          expect(sum.value).to.equal(crc64(bytes));
        },
      ),
    );
  });
});

describe("the cursor", () => {
  const expectDamage = (read: () => unknown, offset: number, text: string | RegExp): void => {
    expect(read).to.throw(DamagedFile, text).with.property("offset", offset);
    expect(read).to.throw(DamagedFile).with.property("path", "/data/x");
  };

  it("reads plain numbers", () => {
    const bytes = written((out) => {
      out.u8(200);
      out.u16le(0x1234);
      out.u32le(0xfedcba98);
      out.u64le(2n ** 64n - 2n);
      out.u64be(5n);
      out.f64le(-0.5);
    });
    const input = new BytesIn(bytes, "x");
    expect(input.u8()).to.equal(200);
    expect(input.u16le()).to.equal(0x1234);
    expect(input.u32le()).to.equal(0xfedcba98);
    expect(input.u64le()).to.equal(2n ** 64n - 2n);
    expect(input.u64be()).to.equal(5n);
    expect(input.f64le()).to.equal(-0.5);
    expect(input.remaining).to.equal(0);
  });

  it("says where the bytes ended and what was expected", () => {
    const input = new BytesIn(source(Buffer.from("0123456789")), "/data/x", 4);
    input.skip(7);
    expectDamage(() => input.text(4), 7, "4 bytes expected, 3 left");
    expectDamage(() => input.u32le(), 7, "4 bytes expected, 3 left");
    expect(input.text(3)).to.equal("789");
    expectDamage(() => input.u8(), 10, "one byte expected, 0 left");
  });

  it("does not believe a length: nothing is allocated that cannot be there", () => {
    const lies: [string, RegExp][] = [
      ["80ffffffff", /4294967295 bytes expected, 0 left/],
      ["81000000ffffffffff", /1099511627775 bytes expected, 0 left/],
      ["81ffffffffffffffff", /a length of 18446744073709551615 cannot be/],
      ["c38040000000804000000000", /bytes expected/],
      ["c30280ffffffff2001", /2 compressed bytes cannot become 4294967295/],
      ["c0", /one byte expected/],
      ["c4", /a string expected, found byte 0xc4/],
      ["82", /a length expected, found byte 0x82/],
    ];
    for (const [bytes, complaint] of lies) {
      expect(() => new BytesIn(Buffer.from(bytes, "hex"), "/data/x").string(), bytes).to.throw(DamagedFile, complaint);
    }
  });

  it("does not believe a count either", () => {
    const bytes = Buffer.from("80ffffffff0102", "hex");
    expectDamage(
      () => new BytesIn(bytes, "/data/x").count(1, "members"),
      0,
      "4294967295 members announced, 2 bytes left",
    );
  });

  it("does not take the mark of a special string for a length", () => {
    expectDamage(() => new BytesIn(Buffer.from("c001", "hex"), "/data/x").length(), 0, "a length expected");
  });

  it("notices that a file became shorter while it was read", () => {
    const shrunk: ByteSource = { path: "/data/x", size: () => 100, read: () => Buffer.alloc(0) };
    expectDamage(() => new BytesIn(shrunk, "/data/x").u8(), 0, "the file became shorter while it was read");
  });

  it("gives the place inside the file of what is wrong inside a packed string", () => {
    const plain = new BytesIn(
      written((out) => out.packed(Buffer.from("structure"))),
      "/data/x",
    ).packed();
    expectDamage(() => plain.fail(4, "a u expected"), 5, "a u expected");
    const long = written((out) => out.packed(Buffer.alloc(100, "s")));
    const expanded = new BytesIn(long, "/data/x").packed();
    expectDamage(() => expanded.fail(4, "a u expected"), 1, "a u expected (at 4 of the expanded string)");
  });
});

describe("segments", () => {
  type Write = (out: BytesOut) => void;
  const write: fc.Arbitrary<Write> = fc.oneof(
    latin1().map(
      (text): Write =>
        (out) =>
          out.string(text),
    ),
    latin1(30).map(
      (text): Write =>
        (out) =>
          out.string(text.repeat(20)),
    ),
    fc.uint8Array({ maxLength: 300 }).map(
      (bytes): Write =>
        (out) =>
          out.packed(bytes),
    ),
    fc.uint8Array({ maxLength: 40 }).map(
      (bytes): Write =>
        (out) =>
          out.bytes(bytes),
    ),
    latin1(20).map(
      (text): Write =>
        (out) =>
          out.text(text),
    ),
    fc.nat(255).map(
      (byte): Write =>
        (out) =>
          out.u8(byte),
    ),
  );

  it("become, in the saver, the bytes that the server would have written, however the stream is cut", () => {
    holds(
      fc.property(
        fc.array(write, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 }),
        fc.nat(5),
        fc.boolean(),
        (writes, cuts, takeEvery, compress) => {
          const server = new SegmentBytes(compress);
          const pieces: Buffer[] = [];
          writes.forEach((run, i) => {
            run(server);
            if (i % (takeEvery + 1) === 0) pieces.push(server.take());
          });
          server.end();
          pieces.push(server.take());

          const out = new RdbBytes(true);
          const saver = new SegmentReader(out);
          const stream = Buffer.concat(pieces);
          for (let at = 0, cut = 0; at < stream.length; cut++) {
            const length = cuts[cut % cuts.length] as number;
            expect(saver.ended).to.equal(false);
            saver.feed(stream.subarray(at, at + length));
            at += length;
          }
          expect(saver.ended).to.equal(true);
          const expected = written((plain) => {
            for (const run of writes) run(plain);
          }, compress);
          expect(out.take().equals(expected)).to.equal(true);
        },
      ),
    );
  });

  it("of a stream that stops early have no end", () => {
    const server = new SegmentBytes(true);
    server.string("half of a snapshot");
    const saver = new SegmentReader(new RdbBytes(true));
    saver.feed(server.take());
    expect(saver.ended).to.equal(false);
  });
});
