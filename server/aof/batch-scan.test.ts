import { expect } from "chai";
import fc from "fast-check";
import { holds, latin1 } from "../../tests/property.ts";
import { BatchChain, batchLineBytes } from "./batch.ts";
import { type BatchScan, hasBatches, scanBatches } from "./batch-scan.ts";
import { formatRecord } from "./record-buffer.ts";

const fileId = "00000000000000aa";

/** A file made of batches: each with so many records, and what it says to be durable. */
class Made {
  bytes = Buffer.alloc(0);
  /** Where each batch begins. */
  readonly starts: number[] = [];
  readonly chain: BatchChain;

  constructor(chain = new BatchChain(fileId), before = Buffer.alloc(0)) {
    this.chain = chain;
    this.bytes = before;
    if (before.length === 0) this.add([], 0);
  }

  add(values: readonly string[], durableBytes = 0): this {
    const records = values.map((value) => Buffer.from(formatRecord(["SET", "k", value]), "latin1"));
    this.starts.push(this.bytes.length);
    this.bytes = Buffer.concat([this.bytes, this.chain.line(this.bytes.length, records, durableBytes), ...records]);
    return this;
  }

  get end(): number {
    return this.bytes.length;
  }
}

function source(bytes: Buffer) {
  return {
    path: "/d/incr",
    size: () => bytes.length,
    read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
  };
}

function scan(bytes: Buffer): BatchScan {
  const scanning = scanBatches(source(bytes));
  for (;;) {
    const step = scanning.next();
    if (step.done === true) return step.value;
  }
}

function flipped(bytes: Buffer, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
}

describe("a file of batches", () => {
  const made = new Made().add(["one", "two"]).add(["three"]).add(["four"]);
  const [, first = 0, second = 0, third = 0] = made.starts;

  it("is whole when every line, every record and the chain are", () => {
    expect(hasBatches(source(made.bytes))).to.equal(true);
    expect(scan(made.bytes)).to.include({ wholeBytes: made.end, ending: "end" });
    expect(hasBatches(source(Buffer.from(formatRecord(["SET", "k", "v"]))))).to.equal(false);
    expect(hasBatches(source(Buffer.from("#TS:1628217470\r\n")))).to.equal(false);
  });

  it("is torn where a crash cut it, and nothing behind counts", () => {
    for (let size = first; size < made.end; size++) {
      const wholeBytes = made.starts.concat(made.end).findLast((start) => start <= size);
      const found = scan(made.bytes.subarray(0, size));
      expect(found, `cut at ${size}`).to.include({ wholeBytes, ending: size === wholeBytes ? "end" : "torn" });
    }
  });

  it("is torn where pages were lost, also when what was written later is there", () => {
    const holed = Buffer.from(made.bytes).fill(0, second + 10, third);
    expect(scan(holed)).to.include({ wholeBytes: second, ending: "torn" });
  });

  it("is rotten when a single bit is wrong before what was durable, wherever that bit is", () => {
    const attested = new Made().add(["one", "two"]).add(["three"]);
    attested.add(["four"], attested.end);
    const lastLine = attested.starts.at(-1) as number;
    for (let at = 0; at < lastLine; at++) {
      const found = scan(flipped(attested.bytes, at, at % 8));
      expect(found.ending, `byte ${at}`).to.equal("rot");
      expect(found.wholeBytes).to.equal(attested.starts.findLast((start) => start <= at));
    }
  });

  it("is known as one of batches also when its first line has rotted", () => {
    for (let at = 0; at < batchLineBytes; at++) {
      const bytes = flipped(made.bytes, at, at % 8);
      if (bytes[0] === "#".charCodeAt(0)) expect(hasBatches(source(bytes)), `byte ${at}`).to.equal(true);
    }
  });

  it("takes what stands behind the last batch without a line for another server's", () => {
    const others = Buffer.concat([made.bytes, Buffer.from(formatRecord(["SET", "k", "v"]))]);
    expect(scan(others)).to.include({ wholeBytes: made.end, ending: "other records" });
    // But not when a line behind it says that there was a batch.
    const line = Buffer.from(made.bytes);
    line.write("*", second);
    expect(scan(line)).to.include({ wholeBytes: second, ending: "torn" });
  });

  it("lets no batch of an earlier run come back behind one that says the same again", () => {
    const cut = made.bytes.subarray(0, second);
    const before = scan(cut).last;
    if (before === undefined) throw new Error("a whole line");
    // The same records are written once more, and the disk still has what once stood behind them.
    const again = new Made(new BatchChain(before.file, before.run + 1, before.sum), Buffer.from(cut)).add(["three"]);
    expect(again.end).to.equal(third);
    const stale = Buffer.concat([again.bytes, made.bytes.subarray(third)]);
    expect(scan(stale)).to.include({ wholeBytes: third, ending: "torn" });
  });

  it("gives back exactly what was written, whatever that was", () => {
    holds(
      fc.property(fc.array(fc.array(latin1(300), { maxLength: 4 }), { maxLength: 8 }), (batches) => {
        const one = new Made();
        for (const values of batches) one.add(values);
        expect(scan(one.bytes)).to.include({ wholeBytes: one.end, ending: "end" });
      }),
    );
  });
});
