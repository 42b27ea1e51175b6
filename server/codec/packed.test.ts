import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import { DamagedFile } from "./damaged-file.ts";
import { type IntsetWidth, intsetWidth, readIntset, writeIntset } from "./intset.ts";
import { emptyListpackBytes, ListpackWriter, listpackEntryBytes, readListpack } from "./listpack.ts";
import { PackedBytes } from "./packed-bytes.ts";
import { readZiplist } from "./ziplist.ts";
import { readZipmap } from "./zipmap.ts";

const packed = (bytes: Uint8Array | string): PackedBytes =>
  new PackedBytes(typeof bytes === "string" ? Buffer.from(bytes, "hex") : Buffer.from(bytes), "/data/x", 1000, false);

function listpackOf(items: readonly string[]): Buffer {
  const writer = new ListpackWriter();
  for (const item of items) writer.add(item);
  return Buffer.from(writer.finish());
}

const elements = fc.array(
  fc.oneof(
    latin1(80),
    fc.constantFrom(63, 64, 126, 4095, 4096, 16380).map((length) => "x".repeat(length)),
  ),
  { maxLength: 20 },
);

/**
 * Cuts, or changes one byte of, a sound structure. Either it is refused with a place inside it, or what is read is
 * something that can be written and read again.
 */
function surviveDamage(sound: Buffer, read: (bytes: PackedBytes) => unknown, position: number, byte: number): void {
  const at = position % (sound.length + 1);
  const damaged = at < sound.length ? Buffer.from(sound) : sound.subarray(0, position % sound.length);
  if (at < sound.length) damaged[at] = byte;
  try {
    read(packed(damaged));
  } catch (error) {
    expect(error).to.be.instanceOf(DamagedFile);
    expect((error as DamagedFile).offset).to.be.within(1000, 1000 + damaged.length);
  }
}

describe("a listpack", () => {
  it("has the bytes that Redis writes", () => {
    expect(listpackOf([]).toString("hex")).to.equal("070000000000ff");
    expect(listpackOf(["a", "1", "-1", "300", "70000", "5000000000"]).toString("hex")).to.equal(
      ["210000000600", "816102", "0101", "dfff02", "c12c02", "f270110104", "f400f2052a0100000009", "ff"].join(""),
    );
  });

  it("is read as it was written, and takes as many bytes as was said", () => {
    holds(
      fc.property(elements, (items) => {
        const bytes = listpackOf(items);
        expect(readListpack(packed(bytes))).to.deep.equal(items);
        const announced = items.reduce((sum, item) => sum + listpackEntryBytes(item), emptyListpackBytes);
        expect(bytes.length).to.equal(announced);
      }),
    );
  });

  it("may leave its count open", () => {
    const bytes = listpackOf(["a", "b"]);
    bytes.writeUInt16LE(0xffff, 4);
    expect(readListpack(packed(bytes))).to.deep.equal(["a", "b"]);
  });

  it("of more than 65534 entries is counted by its reader", () => {
    const items = Array.from({ length: 70_000 }, () => "7");
    expect(readListpack(packed(listpackOf(items))).length).to.equal(70_000);
  });

  it("is refused, with the place, when a byte of its frame is wrong", () => {
    const sound = listpackOf(["abc", "def"]);
    const broken = (at: number, byte: number): Buffer => {
      const bytes = Buffer.from(sound);
      bytes[at] = byte;
      return bytes;
    };
    expect(() => readListpack(packed(broken(0, 99)))).to.throw(DamagedFile, "offset 1000: a listpack of 99 bytes");
    expect(() => readListpack(packed(broken(4, 9)))).to.throw(DamagedFile, "offset 1004: a listpack of 9 entries");
    expect(() => readListpack(packed(broken(6, 0xbf)))).to.throw(DamagedFile, "offset 1006: listpack entry reaches");
    expect(() => readListpack(packed(broken(6, 0xf5)))).to.throw(DamagedFile, "offset 1006: a listpack entry expected");
    expect(() => readListpack(packed(broken(10, 5)))).to.throw(DamagedFile, "offset 1010: listpack entry of 4 bytes");
    expect(() => readListpack(packed(broken(16, 0)))).to.throw(DamagedFile, "offset 1016: the end of a listpack");
  });

  it("never makes its reader fail otherwise than with a place, whatever byte is wrong or missing", () => {
    holds(
      fc.property(elements, fc.nat(), fc.nat(255), (items, position, byte) =>
        surviveDamage(listpackOf(items), readListpack, position, byte),
      ),
      2000,
    );
  });
});

describe("a ziplist", () => {
  /** From the format's own description: the strings 2 and 5. */
  const documented = "0f0000000c000000020000f302f6ff";
  const ofEverything = (() => {
    const entries = [
      "0568656c6c6f",
      `4050${"61".repeat(80)}`,
      "8000000001ff",
      "c00080",
      "d0ffffff7f",
      "e0ffffffffffffff7f",
      "f0ffff7f",
      "fe80",
      "f1",
      "fd",
      `4148${"62".repeat(0x148)}`,
      "0163",
    ];
    let body = "";
    let previous = 0;
    let tail = 10;
    for (const entry of entries) {
      const head =
        previous < 254
          ? previous.toString(16).padStart(2, "0")
          : `fe${Buffer.from(Uint32Array.of(previous).buffer).toString("hex")}`;
      tail = 10 + body.length / 2;
      body += head + entry;
      previous = (head.length + entry.length) / 2;
    }
    const bytes = Buffer.from(`${"00".repeat(10)}${body}ff`, "hex");
    bytes.writeUInt32LE(bytes.length, 0);
    bytes.writeUInt32LE(tail, 4);
    bytes.writeUInt16LE(entries.length, 8);
    return bytes;
  })();

  it("is read as its format says", () => {
    expect(readZiplist(packed(documented))).to.deep.equal(["2", "5"]);
    expect(readZiplist(packed("0b0000000a0000000000ff"))).to.deep.equal([]);
  });

  it("may hold every encoding there is", () => {
    expect(readZiplist(packed(ofEverything))).to.deep.equal([
      "hello",
      "a".repeat(80),
      "\xff",
      "-32768",
      "2147483647",
      "9223372036854775807",
      "8388607",
      "-128",
      "0",
      "12",
      "b".repeat(0x148),
      "c",
    ]);
  });

  it("is refused when what it says about itself is wrong", () => {
    const broken = (at: number, byte: number): PackedBytes => {
      const bytes = Buffer.from(documented, "hex");
      bytes[at] = byte;
      return packed(bytes);
    };
    expect(() => readZiplist(broken(0, 14))).to.throw(DamagedFile, "a ziplist of 14 bytes announced, 15 there");
    expect(() => readZiplist(broken(4, 10))).to.throw(DamagedFile, "last entry of a ziplist announced at 10");
    expect(() => readZiplist(broken(8, 3))).to.throw(DamagedFile, "a ziplist of 3 entries announced, 2 there");
    expect(() => readZiplist(broken(12, 3))).to.throw(DamagedFile, "the ziplist entry before has 2 bytes, not 3");
    expect(() => readZiplist(broken(13, 0xff))).to.throw(DamagedFile, "offset 1013: a ziplist entry expected");
    expect(() => readZiplist(broken(14, 0))).to.throw(DamagedFile, "the end of a ziplist expected");
  });

  it("never makes its reader fail otherwise than with a place, whatever byte is wrong or missing", () => {
    holds(
      fc.property(fc.nat(), fc.nat(255), (position, byte) => surviveDamage(ofEverything, readZiplist, position, byte)),
      2000,
    );
  });
});

describe("a zipmap", () => {
  /** From the format's own description: foo is bar, hello is world; with a value that has two unused bytes. */
  const documented = "0203666f6f03006261720568656c6c6f0502776f726c642121ff";

  it("is read as its format says", () => {
    expect(readZipmap(packed(documented))).to.deep.equal(["foo", "bar", "hello", "world"]);
    const long = `fe${"fe2c010000"}${"61".repeat(300)}0100${"62"}ff`;
    expect(readZipmap(packed(long))).to.deep.equal(["a".repeat(300), "b"]);
  });

  it("is refused when what it says about itself is wrong", () => {
    expect(() => readZipmap(packed("ff"))).to.throw(DamagedFile, "too short");
    expect(() => readZipmap(packed("00ff"))).to.throw(DamagedFile, "never empty");
    expect(() => readZipmap(packed(documented.replace(/^02/, "03")))).to.throw(DamagedFile, "a zipmap of 3 fields");
    expect(() => readZipmap(packed("0109666f6fff"))).to.throw(DamagedFile, "offset 1002: zipmap entry reaches");
    expect(() => readZipmap(packed("0103666f6ffeff"))).to.throw(DamagedFile, "a zipmap length expected");
  });

  it("never makes its reader fail otherwise than with a place, whatever byte is wrong or missing", () => {
    const sound = Buffer.from(documented, "hex");
    holds(
      fc.property(fc.nat(), fc.nat(255), (position, byte) => surviveDamage(sound, readZipmap, position, byte)),
      2000,
    );
  });
});

describe("an intset", () => {
  const member = fc.oneof(
    fc.integer({ min: -0x8000, max: 0x7fff }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  );

  it("has the bytes that Redis writes", () => {
    expect(writeIntset([-1, 5], 2).toString("hex")).to.equal("0200000002000000ffff0500");
    expect(writeIntset([70000], 4).toString("hex")).to.equal("04000000010000007011" + "0100");
  });

  it("is read as it was written", () => {
    holds(
      fc.property(fc.uniqueArray(member, { minLength: 1, maxLength: 20 }), (members) => {
        const rising = [...members].sort((a, b) => (a < b ? -1 : 1));
        const width = Math.max(...rising.map(intsetWidth)) as IntsetWidth;
        expect(readIntset(packed(writeIntset(rising, width)))).to.deep.equal({ members: rising, width });
      }),
    );
  });

  it("is refused when it is empty, does not rise, or is not as long as it says", () => {
    expect(() => readIntset(packed("0200000000000000"))).to.throw(DamagedFile, "never empty");
    expect(() => readIntset(packed("02000000020000000500ffff"))).to.throw(
      DamagedFile,
      "offset 1010: intset member -1 stands behind 5",
    );
    expect(() => readIntset(packed("02000000020000000500"))).to.throw(DamagedFile, "2 members announced, 1 there");
    expect(() => readIntset(packed("03000000010000000500"))).to.throw(DamagedFile, "width of 2, 4 or 8");
    expect(() => readIntset(packed("0200"))).to.throw(DamagedFile, "too short");
  });
});
