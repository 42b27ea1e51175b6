import { expect } from "chai";
import { Manifest, ManifestError } from "./manifest.ts";

const name = "appendonly.aof";

function lines(...texts: string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

describe("the manifest", () => {
  it("reads base, history and incr files, in any order of the types", () => {
    const manifest = Manifest.parse(
      lines(
        "file appendonly.aof.4.incr.aof seq 4 type i",
        "file appendonly.aof.2.base.rdb seq 2 type b",
        "file appendonly.aof.3.incr.aof seq 3 type h",
        "file appendonly.aof.7.incr.aof seq 7 type i",
      ),
    );
    expect(manifest.base).to.deep.equal({ name: "appendonly.aof.2.base.rdb", seq: 2 });
    expect(manifest.incrs.map(({ seq }) => seq)).to.deep.equal([4, 7]);
    expect(manifest.history.map(({ seq }) => seq)).to.deep.equal([3]);
  });

  it("takes keys in any case and order, further pairs, comments, blanks around, and CR LF", () => {
    const manifest = Manifest.parse(
      `# a comment\r\n  SEQ 3 Type incremental colour "dark blue" FILE "a file"\t\r\n#${"x".repeat(900)}\n`,
    );
    expect(manifest.incrs).to.deep.equal([{ name: "a file", seq: 3 }]);
  });

  it("is empty, not wrong, when it holds nothing but comments", () => {
    expect(Manifest.parse("# nothing\n").lastIncr).to.equal(undefined);
  });

  it("writes names with blanks, quotes and bytes that cannot be printed so that they read back", () => {
    const odd = ' file seq \n\n"\x00\xff.aof ';
    const written = Manifest.empty.withNextBase(odd, "rdb", true).withNextIncr(odd);
    expect(written.format()).to.equal(
      lines(
        'file " file seq \\n\\n\\"\\x00\\xff.aof .1.base.rdb" seq 1 type b',
        'file " file seq \\n\\n\\"\\x00\\xff.aof .1.incr.aof" seq 1 type i',
      ),
    );
    expect(Manifest.parse(written.format()).base?.name).to.equal(`${odd}.1.base.rdb`);
  });

  for (const [what, text, message, lineNumber] of [
    ["no line at all", "", "Found an empty AOF manifest", 0],
    ["a blank line", "file a seq 1 type i\n\nfile b seq 2 type i\n", "Invalid AOF manifest file format", 2],
    ["a missing key", "filx a seq 1 type b\n", "Invalid AOF manifest file format", 1],
    ["a line too short", "file a type i\n", "Invalid AOF manifest file format", 1],
    ["an odd number of words", "file a seq 1 type i newkey\n", "Invalid AOF manifest file format", 1],
    ["an open quote", 'file "a seq 1 type i\n', "Invalid AOF manifest file format", 1],
    ["a number of 0", "file a seq 0 type i\n", "Invalid AOF manifest file format", 1],
    ["a second base", "file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information", 2],
    ["falling numbers", "file b seq 2 type i\nfile a seq 1 type i\n", "Found a non-monotonic sequence number", 2],
    ["equal numbers", "file b seq 2 type i\nfile a seq 2 type i\n", "Found a non-monotonic sequence number", 2],
    ["an unknown type", "file a seq 1 type x\n", "Unknown AOF file type", 1],
    ["a path", "file ../a seq 1 type b\n", "File can't be a path, just a filename", 1],
    [
      "a line too long",
      `file a seq 1 type b${" x y".repeat(300)}\n`,
      "The AOF manifest file contains too long line",
      1,
    ],
    ["a last line without its end", "file a seq 1 type b", "The AOF manifest file contains too long line", 1],
  ] as const) {
    it(`refuses ${what}, with the line`, () => {
      expect(() => Manifest.parse(text))
        .to.throw(ManifestError, message)
        .that.has.property("lineNumber", lineNumber);
    });
  }

  it("makes the old base and the incr files that a new base covers history, newest first", () => {
    const before = Manifest.parse(
      lines(
        "file appendonly.aof.2.base.rdb seq 2 type b",
        "file appendonly.aof.2.incr.aof seq 2 type i",
        "file appendonly.aof.3.incr.aof seq 3 type i",
      ),
    );
    expect(before.withNextIncr(name).withNextBase(name, "aof", true).format()).to.equal(
      lines(
        "file appendonly.aof.3.base.aof seq 3 type b",
        "file appendonly.aof.3.incr.aof seq 3 type h",
        "file appendonly.aof.2.incr.aof seq 2 type h",
        "file appendonly.aof.2.base.rdb seq 2 type h",
        "file appendonly.aof.4.incr.aof seq 4 type i",
      ),
    );
    expect(before.withNextBase(name, "rdb", false).withoutHistory().format()).to.equal(
      lines("file appendonly.aof.3.base.rdb seq 3 type b"),
    );
  });

  it("never gives a number twice while history still has its name", () => {
    const kept = Manifest.parse(
      lines("file appendonly.aof.9.base.rdb seq 9 type b", "file appendonly.aof.5.incr.aof seq 5 type h"),
    );
    expect(kept.withNextIncr(name).lastIncr?.name).to.equal("appendonly.aof.6.incr.aof");
  });
});
