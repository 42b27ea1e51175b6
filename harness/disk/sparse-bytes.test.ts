import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { type Random, randomFrom } from "../random.ts";
import { type ByteSource, SparseBytes } from "./sparse-bytes.ts";

describe("the bytes of a file as a map of where they are kept", () => {
  /** A log that everything is appended to, as a journal's data is. */
  class Log implements ByteSource {
    #bytes = Buffer.alloc(0);
    reads = 0;

    append(bytes: Uint8Array): number {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      return this.#bytes.length - bytes.length;
    }

    read(offset: number, target: Uint8Array): void {
      this.reads++;
      this.#bytes.copy(target, 0, offset, offset + target.length);
    }
  }

  function write(file: SparseBytes, at: number, text: string, log: Log): void {
    file.write(at, text.length, log, log.append(Buffer.from(text)));
  }

  function contentOf(file: SparseBytes): string {
    const target = Buffer.alloc(file.size, "?");
    expect(file.read(0, target)).to.equal(file.size);
    return target.toString("latin1").replaceAll("\0", ".");
  }

  it("reads as NULs where nothing was written", () => {
    const [file, log] = [new SparseBytes(), new Log()];
    write(file, 2, "ab", log);
    write(file, 7, "c", log);
    file.truncate(10);
    expect(contentOf(file)).to.equal("..ab...c..");
    expect(file.allocated).to.equal(3);
  });

  it("reads the later of two writes where they overlap", () => {
    const [file, log] = [new SparseBytes(), new Log()];
    write(file, 0, "aaaaaaaa", log);
    write(file, 2, "bbb", log);
    write(file, 4, "cccccc", log);
    expect(contentOf(file)).to.equal("aabbcccccc");
    expect(file.allocated).to.equal(10);
  });

  it("forgets what was cut off: a file that grows again grows by NULs", () => {
    const [file, log] = [new SparseBytes(), new Log()];
    write(file, 0, "abcdef", log);
    file.truncate(2);
    file.truncate(5);
    expect(contentOf(file)).to.equal("ab...");
  });

  it("keeps an appended log in one piece, so that it is read in one piece", () => {
    const [file, log] = [new SparseBytes(), new Log()];
    for (let count = 0; count < 100; count++) write(file, count * 3, "abc", log);
    expect(contentOf(file)).to.equal("abc".repeat(100));
    expect(log.reads).to.equal(1);
  });

  it("a copy goes its own way", () => {
    const [file, log] = [new SparseBytes(), new Log()];
    write(file, 0, "shared", log);
    const copy = file.copy();
    write(copy, 0, "COPY", log);
    file.punch(4, 6);
    expect(contentOf(copy)).to.equal("COPYed");
    expect(contentOf(file)).to.equal("shar..");
  });

  it("agrees with a plain array of bytes after any sequence of operations", () => {
    const seed = randomBytes(4).toString("hex");
    const random = randomFrom(seed);
    for (let round = 0; round < 40; round++) {
      const [file, log, plain] = [new SparseBytes(), new Log(), new PlainFile()];
      for (let step = 0; step < 60; step++) {
        takeStep(random, file, log, plain);
        expect(contentOf(file), `seed ${seed}, round ${round}, step ${step}`).to.equal(plain.text());
        expect(file.allocated, `seed ${seed}, round ${round}, step ${step}`).to.equal(plain.allocated());
        const [start, length] = [random.below(100), random.below(40)];
        expect(file.holesIn(start, start + length)).to.equal(plain.holesIn(start, start + length));
        const target = Buffer.alloc(length);
        expect(target.subarray(0, file.read(start, target)).toString("latin1").replaceAll("\0", ".")) //
          .to.equal(plain.text().slice(start, start + length));
      }
    }
  });

  /** What the map must behave like: undefined is a hole. */
  class PlainFile {
    bytes: (string | undefined)[] = [];

    text = () => this.bytes.map((byte) => byte ?? ".").join("");
    allocated = () => this.bytes.filter((byte) => byte !== undefined).length;
    holesIn = (start: number, end: number) => end - start - this.bytes.slice(start, end).filter(Boolean).length;

    resize(size: number): void {
      this.bytes = Array.from({ length: size }, (_, index) => this.bytes[index]);
    }
  }

  function takeStep(random: Random, file: SparseBytes, log: Log, plain: PlainFile): void {
    const [start, length] = [random.below(80), random.below(30)];
    switch (random.weighted([["append", 2] as const, ["write", 4] as const, ["truncate", 1], ["punch", 2] as const])) {
      case "append":
      case "write": {
        const at = random.chance(0.4) ? plain.bytes.length : start;
        const text = String.fromCharCode(97 + random.below(26)).repeat(length);
        write(file, at, text, log);
        if (length > 0) plain.resize(Math.max(plain.bytes.length, at + length));
        plain.bytes.splice(at, length, ...text);
        break;
      }
      case "truncate":
        file.truncate(start);
        plain.resize(start);
        break;
      case "punch": {
        file.punch(start, start + length);
        plain.bytes.fill(undefined, start, start + length);
        break;
      }
    }
  }
});
