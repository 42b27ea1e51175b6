import { expect } from "chai";
import fc from "fast-check";
import { arbitraryKeyspace, emptyKeyspace } from "../../tests/arbitrary-keyspace.ts";
import { contentsOf } from "../../tests/interop/contents.ts";
import { holds, latin1 } from "../../tests/property.ts";
import { loaded, rdbOf, testHead } from "../../tests/rdb-files.ts";
import { RdbBytes } from "../codec/bytes-out.ts";
import { crc64 } from "../codec/crc64.ts";
import { DamagedFile, UnsupportedFile } from "../codec/damaged-file.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { defaultEncodingLimits } from "../types/encoding-limits.ts";
import { HashValue } from "../types/hash.ts";
import { writeAux, writeDatabase, writeFunction, writeKey, writeRdbEnd, writeRdbHead } from "./rdb-writer.ts";

/** A file of these parts, with its checksum. `text` may be latin1. */
function file(body: (out: RdbBytes) => void, options: { head?: string; checksum?: boolean } = {}): Buffer {
  const out = new RdbBytes(false);
  out.text(options.head ?? "REDIS0010");
  body(out);
  out.u8(255);
  const bytes = Buffer.from(out.take());
  const sum = Buffer.alloc(8);
  if (options.checksum !== false) sum.writeBigUInt64LE(crc64(bytes));
  return Buffer.concat([bytes, sum]);
}

const oneKey = file((out) => writeKey(out, "k", "v", NEVER));

describe("an RDB file", () => {
  it("is loaded as it was written: compressed or not, in slices or not, through any window", () => {
    holds(
      fc.property(
        arbitraryKeyspace,
        fc.record({ compress: fc.boolean(), checksum: fc.boolean(), frozen: fc.boolean() }),
        fc.constantFrom(1, 7, 4096, 65536),
        (keyspace, options, windowBytes) => {
          const expected = contentsOf(keyspace.databases);
          const bytes = rdbOf(keyspace, options);
          const { keyspace: found, load, endOffset } = loaded(bytes, { windowBytes });
          expect(contentsOf(found.databases)).to.deep.equal(expected);
          expect(load.keysLoaded).to.equal(Object.keys(expected).length);
          expect(endOffset).to.equal(bytes.length);
        },
      ),
      100,
    );
  });

  it("has the same bytes whether values are written at once or in slices, but for the order in large hashes and sets", () => {
    holds(
      fc.property(arbitraryKeyspace, (keyspace) => {
        const whole = rdbOf(keyspace, { compress: false, checksum: false });
        const sliced = rdbOf(keyspace, { compress: false, checksum: false, frozen: true });
        expect(sliced.length).to.equal(whole.length);
      }),
      50,
    );
  });

  it("brings back the deadlines of fields, from either form, written at once or in slices", () => {
    const deadline = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 2 ** 46 - 1 }));
    const fields = fc.dictionary(latin1(12), fc.tuple(latin1(80), deadline), { minKeys: 1, maxKeys: 40 });
    const most = fc.constantFrom(1, 10, 512);
    holds(
      fc.property(fields, most, fc.boolean(), (entries, hashMaxListpackEntries, frozen) => {
        const keyspace = emptyKeyspace(1);
        const hash = new HashValue({ ...defaultEncodingLimits(), hashMaxListpackEntries });
        for (const [field, [value, deadlineMs]] of Object.entries(entries)) {
          hash.set(field, value);
          hash.setDeadline(field, deadlineMs);
        }
        keyspace.db(0).add("h", hash);
        const { keyspace: found } = loaded(rdbOf(keyspace, { frozen }), {
          limits: { ...defaultEncodingLimits(), hashMaxListpackEntries },
        });
        expect(contentsOf(found.databases)).to.deep.equal(contentsOf(keyspace.databases));
        expect(found.hasExpiringFields).to.equal(hash.hasDeadlines);
      }),
    );
  });

  it("says who wrote it and when", () => {
    const { log, load } = loaded(rdbOf(emptyKeyspace()), { nowMs: testHead.wallMs + 12_345 });
    expect(log).to.include("Loading RDB produced by version 7.0.15");
    expect(log).to.include("RDB age 12 seconds");
    expect(log).to.include("RDB memory usage when created 0.95 Mb");
    expect(log.at(-1)).to.equal("Done loading RDB, keys loaded: 0, keys expired: 0.");
    expect(load.usedMemoryBytes).to.equal(1_000_000);
  });

  it("may be followed by a log: the cursor stands at its end", () => {
    const { endOffset } = loaded(Buffer.concat([oneKey, Buffer.from("*1\r\n$4\r\nPING\r\n")]));
    expect(endOffset).to.equal(oneKey.length);
  });

  it("pauses every 1024 keys, and every so many bytes", () => {
    const many = file((out) => {
      for (let n = 0; n < 5000; n++) writeKey(out, `key:${n}`, "v", NEVER);
    });
    expect(loaded(many).pauses).to.equal(4);
    expect(loaded(many, { pauseBytes: 1000 }).pauses).to.be.within(many.length / 1100, many.length / 1000 + 5);
  });

  it("brings functions and aux fields through unread", () => {
    const { load, log } = loaded(
      file((out) => {
        writeAux(out, "unheard-of", "x");
        writeAux(out, "%built-by", "somebody");
        writeFunction(out, "#!lua name=mylib\nredis.register_function('f', function() end)");
        out.u8(246);
        for (const text of ["oldlib", "LUA"]) out.string(text);
        out.length(1);
        for (const text of ["a description", "code"]) out.string(text);
      }),
    );
    expect(load.functions).to.deep.equal([
      "#!lua name=mylib\nredis.register_function('f', function() end)",
      "#!LUA name=oldlib\ncode",
    ]);
    expect(log).to.include("Unrecognized RDB AUX field: 'unheard-of'");
    expect(log).to.include("RDB '%built-by': somebody");
  });

  it("passes over what only an evicting or a clustered server needs", () => {
    const { keyspace } = loaded(
      file((out) => {
        out.u8(244);
        for (const length of [1, 2, 3]) out.length(length);
        out.u8(248);
        out.length(100_000);
        out.u8(249);
        out.u8(17);
        writeKey(out, "k", "v", NEVER);
      }),
    );
    expect(keyspace.db(0).peek("k")).to.equal("v");
  });

  describe("with deadlines", () => {
    const nowMs = 1_700_000_000_000;
    const expired = file((out) => {
      writeKey(out, "past", "v", nowMs - 1);
      writeKey(out, "now", "v", nowMs);
      out.u8(253);
      out.u32le(1_600_000_000);
      writeKey(out, "past in seconds", "v", NEVER);
      writeKey(out, "never", "v", NEVER);
    });

    it("loses the keys that are past theirs", () => {
      const { keyspace, load } = loaded(expired, { nowMs });
      expect([...keyspace.db(0).keys()]).to.deep.equal(["now", "never"]);
      expect(load.keysExpired).to.equal(2);
    });

    it("keeps them all as the base of a log", () => {
      const { keyspace, load } = loaded(expired, { nowMs, keepExpired: true });
      expect(keyspace.db(0).table.expiresCount).to.equal(3);
      expect(keyspace.db(0).table.deadlines.at(2)).to.equal(1_600_000_000_000);
      expect(load.keysLoaded).to.equal(4);
    });
  });

  describe("with an empty collection", () => {
    it("is loaded without it, and the log says so", () => {
      const { keyspace, load, log } = loaded(
        file((out) => {
          for (const type of [1, 2, 3, 4, 5]) {
            out.u8(type);
            out.string(`empty${type}`);
            out.length(0);
          }
          writeKey(out, "k", "v", NEVER);
        }),
      );
      expect([...keyspace.db(0).keys()]).to.deep.equal(["k"]);
      expect(load.emptyKeys).to.equal(5);
      expect(log).to.include("rdbLoadObject skipping empty key: empty4");
      expect(log.at(-1)).to.equal("Done loading RDB, keys loaded: 1, keys expired: 0, empty keys skipped: 5.");
    });
  });

  describe("that has a key twice", () => {
    const twice = file((out) => {
      writeKey(out, "k", "1", NEVER);
      writeKey(out, "k", "2", NEVER);
    });

    it("is refused at the second", () => {
      expect(() => loaded(twice))
        .to.throw(DamagedFile, "key 'k' is twice in database 0")
        .with.property("offset", 14);
    });

    it("replaces the first when that is asked for", () => {
      expect(loaded(twice, { duplicates: "replace" }).keyspace.db(0).peek("k")).to.equal(2);
    });
  });

  describe("is refused, with path, offset and reason,", () => {
    const refused = (bytes: Buffer, kind: typeof DamagedFile, offset: number, reason: string): void => {
      expect(() => loaded(bytes))
        .to.throw(kind, reason)
        .with.property("offset", offset);
      expect(() => loaded(bytes)).to.throw("/data/dump.rdb");
    };

    it("when it is no RDB file", () => {
      refused(Buffer.from("*1\r\n$4\r\nPING\r\n"), DamagedFile, 0, 'an RDB file begins with "REDIS"');
      refused(Buffer.from("RED"), DamagedFile, 0, "only 3 bytes there");
      refused(
        file(() => undefined, { head: "REDIS00x0" }),
        DamagedFile,
        5,
        "an RDB version expected",
      );
      refused(
        file(() => undefined, { head: "REDIS0000" }),
        DamagedFile,
        5,
        "an RDB version expected",
      );
    });

    it("when it is from the future, or Valkey's own", () => {
      refused(
        file(() => undefined, { head: "REDIS0013" }),
        UnsupportedFile,
        5,
        "version 13 is from the future",
      );
      refused(
        file(() => undefined, { head: "VALKEY080" }),
        UnsupportedFile,
        0,
        "Valkey's own format",
      );
    });

    it("when it holds what this store does not have", () => {
      const holding = (type: number) => file((out) => out.u8(type));
      refused(holding(7), UnsupportedFile, 9, "a value of a module");
      refused(holding(247), UnsupportedFile, 9, "data of a module");
      refused(holding(6), UnsupportedFile, 9, "a value of a module, in a format from before its release");
      refused(holding(99), DamagedFile, 9, "a type or an opcode expected, found byte 99");
      refused(
        file((out) => writeDatabase(out, 16, 1, 0)),
        DamagedFile,
        9,
        "database 16 asked for, the server is configured to have 16",
      );
    });

    it("when its checksum is wrong, unless checksums are not wanted", () => {
      const wrong = Buffer.from(oneKey);
      wrong[wrong.length - 10] = 0x77;
      refused(wrong, DamagedFile, wrong.length - 8, `checksum ${crc64(wrong.subarray(0, -8)).toString(16)} expected`);
      expect(loaded(wrong, { checksum: false }).load.keysLoaded).to.equal(1);
    });

    it("but not when it was written without one, or before there was one", () => {
      const without = file((out) => writeKey(out, "k", "v", NEVER), { checksum: false });
      expect(loaded(without).log).to.include("RDB file was saved with checksum disabled: no check performed.");
      const old = file((out) => writeKey(out, "k", "v", NEVER), { head: "REDIS0004" });
      expect(loaded(old).endOffset).to.equal(old.length - 8);
    });

    it("when a collection names something twice", () => {
      const pairs = (type: number, members: string[], write: (out: RdbBytes) => void) =>
        file((out) => {
          out.u8(type);
          out.string("k");
          out.length(members.length);
          for (const member of members) {
            out.string(member);
            write(out);
          }
        });
      refused(
        pairs(4, ["f", "f"], (out) => out.string("v")),
        DamagedFile,
        17,
        "the hash has field 'f' already",
      );
      refused(
        pairs(2, ["m", "m"], () => undefined),
        DamagedFile,
        15,
        "the set has member 'm' already",
      );
      refused(
        pairs(5, ["m", "m"], (out) => out.f64le(1)),
        DamagedFile,
        12,
        "the sorted set has member 'm' twice",
      );
      refused(
        pairs(5, ["m"], (out) => out.f64le(Number.NaN)),
        DamagedFile,
        15,
        "this one is NaN",
      );
    });
  });

  it("never makes its reader fail otherwise than with a place, whatever bytes are wrong, missing or too many", () => {
    holds(
      fc.property(
        arbitraryKeyspace,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.constantFrom("flip", "cut", "splice"),
        (keyspace, changes, how) => {
          const sound = rdbOf(keyspace, { checksum: false });
          let bytes = Buffer.from(sound);
          for (const [position, byte] of changes) {
            const at = position % bytes.length;
            if (how === "flip") bytes[at] = byte;
            else if (how === "cut") bytes = bytes.subarray(0, Math.max(1, at));
            else
              bytes = Buffer.concat([bytes.subarray(0, at), sound.subarray(at - byte, at + byte), bytes.subarray(at)]);
          }
          try {
            const { keyspace: accepted } = loaded(bytes, { keepExpired: true });
            // What is accepted must be something that can be written and read again.
            const again = loaded(rdbOf(accepted), { keepExpired: true });
            expect(contentsOf(again.keyspace.databases)).to.deep.equal(contentsOf(accepted.databases));
          } catch (error) {
            if (!(error instanceof DamagedFile)) throw error;
            expect(error.offset).to.be.within(0, bytes.length);
            expect(error.path).to.equal("/data/dump.rdb");
          }
        },
      ),
      400,
    );
  });

  it("follows the limits of the server that loads it, not of the one that wrote it", () => {
    const keyspace = emptyKeyspace();
    const hash = new HashValue(defaultEncodingLimits());
    for (let n = 0; n < 10; n++) hash.set(`f${n}`, "v");
    keyspace.db(0).set("h", hash);
    const { keyspace: found } = loaded(rdbOf(keyspace), {
      limits: { ...defaultEncodingLimits(), hashMaxListpackEntries: 9 },
    });
    expect((found.db(0).peek("h") as HashValue).encoding).to.equal("hashtable");
  });

  it("begins with the fields that Redis writes", () => {
    const out = new RdbBytes(false);
    writeRdbHead(out, { ...testHead, aofBase: true });
    writeRdbEnd(out);
    expect(out.take().toString("latin1")).to.equal(
      "REDIS0010" +
        "\xfa\x09redis-ver\x067.0.15" +
        "\xfa\x0aredis-bits\xc0\x40" +
        "\xfa\x05ctime\xc2\x00\xf1\x53\x65" +
        "\xfa\x08used-mem\xc2\x40\x42\x0f\x00" +
        "\xfa\x08aof-base\xc0\x01" +
        "\xff",
    );
  });
});
