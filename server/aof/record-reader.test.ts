import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { RecordReader } from "./record-reader.ts";

const path = "/d/log";

function readerOf(content: string | Uint8Array): RecordReader {
  const disk = new FakeDisk("/d");
  disk.put(path, content);
  return new RecordReader(disk.open(path, "read"), 0);
}

function readAll(content: string | Uint8Array): string[][] {
  const reader = readerOf(content);
  const records: string[][] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record);
  expect(reader.isTorn).to.equal(false);
  return records;
}

function record(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

describe("reading a log of commands", () => {
  it("gives the records in order, binary and empty arguments included", () => {
    const binary = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    expect(readAll(record("SET", binary, "") + record("DEL", binary))).to.deep.equal([
      ["SET", binary, ""],
      ["DEL", binary],
    ]);
  });

  it("passes over annotations between records", () => {
    const text = `#TS:1\r\n${record("a")}#LB:crc64=00 len=1\r\n#\n${record("b")}#TS:2\r\n`;
    expect(readAll(text)).to.deep.equal([["a"], ["b"]]);
  });

  it("finds a file torn at every byte of its last record, and says where the last whole one ended", () => {
    const whole = record("SET", "k", "v");
    const last = record("RPUSH", "a list", "0123456789ab");
    for (let length = 1; length < last.length; length++) {
      const reader = readerOf(whole + last.slice(0, length));
      expect(reader.next()).to.deep.equal(["SET", "k", "v"]);
      expect(reader.next()).to.equal(undefined);
      expect(reader.isTorn, `torn after ${length} bytes`).to.equal(true);
      expect(reader.offset).to.equal(whole.length);
    }
  });

  it("reads, and refuses, the same whether much follows or nothing", () => {
    const outcome = (content: string) => {
      // The first record fills the window: what stands behind it may be read in one go.
      const reader = readerOf(record("a") + content);
      reader.next();
      try {
        return [reader.next(), reader.offset];
      } catch (error) {
        if (error instanceof DamagedFile) return error.message;
        throw error;
      }
    };
    const many = Array.from({ length: 70 }, (_, n) => `argument ${n}`);
    const sound = [
      record("SET", "key:1", "a longer value"),
      record(...many),
      "*1\n$4\nPING\r\n",
      "*01\r\n$04\r\nPING\r\n",
    ];
    const odd = ["*1\r\n$4\r\nPING??", `*1\r\n$${"0".repeat(9)}4\r\nPING\r\n`];
    const damaged = [
      "+OK\r\n",
      "*x\r\n",
      "*0\r\n",
      "*-1\r\n",
      "*1\r\n+OK\r\n",
      "*1\r\n$-1\r\n",
      "*1\r\n$1x\r\n",
      "*1\rx$",
      "*1\rx$4\r\nPING\r\n",
    ];
    for (const content of [...sound, ...odd, ...damaged]) {
      const alone = outcome(content);
      expect(outcome(content + record("ECHO", "x".repeat(100))), content).to.deep.equal(alone);
      expect(typeof alone === "string", content).to.equal(damaged.includes(content));
    }
  });

  it("takes half an annotation at the end for torn, so that nothing is appended to its line", () => {
    const reader = readerOf(`${record("a")}#TS:16282`);
    reader.next();
    expect(reader.next()).to.equal(undefined);
    expect(reader.isTorn).to.equal(true);
    expect(reader.offset).to.equal(record("a").length);
  });

  it("reads records that are larger than what it reads at once, and many that are not", () => {
    const large = "x".repeat(700_001);
    const many = Array.from({ length: 20_000 }, (_, index) => record("SET", `key:${index}`, "value"));
    const records = readAll(record("SET", "large", large) + many.join("") + record("SET", "large", large));
    expect(records).to.have.length(20_002);
    expect(records[0]).to.deep.equal(["SET", "large", large]);
    expect(records[20_000]).to.deep.equal(["SET", "key:19999", "value"]);
    expect(records[20_001]).to.deep.equal(["SET", "large", large]);
  });

  it("does not look at the two bytes behind an argument", () => {
    expect(readAll("*1\r\n$4\r\nPING\0\0*1\r\n$1\r\nax\n")).to.deep.equal([["PING"], ["a"]]);
  });

  for (const [what, bytes] of [
    ["letters", "!!!"],
    ["NUL bytes", "\0".repeat(4096)],
    ["a blank line", "\r\n"],
    ["a count of 0", "*0\r\n"],
    ["a negative count", "*-1\r\n"],
    ["no count", "*\r\n"],
    ["an argument without its length", "*1\r\nPING\r\n"],
    ["a negative length", "*1\r\n$-1\r\n"],
    ["a length of letters", "*1\r\n$abc\r\n"],
    ["an annotation without an end", `#${"x".repeat(3000)}`],
  ] as const) {
    it(`refuses ${what}, with the offset`, () => {
      const before = record("SET", "k", "v");
      const reader = readerOf(before + bytes + record("SET", "k", "w"));
      reader.next();
      expect(() => reader.next())
        .to.throw(DamagedFile)
        .that.satisfies((error: DamagedFile) => error.path === path && error.offset >= before.length);
      expect(reader.offset).to.equal(before.length);
    });
  }
});
