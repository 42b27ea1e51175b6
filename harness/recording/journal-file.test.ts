import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Journal, JournalRecord, WriteRecord } from "./journal.ts";
import { JournalReader, JournalWriter, NotAJournal } from "./journal-file.ts";

describe("a journal on disk", () => {
  let dir: string;
  let open: JournalReader[];

  beforeEach(() => {
    dir = path.join(mkdtempSync(path.join(os.tmpdir(), "lossbound-journal-")), "journal");
    open = [];
  });

  afterEach(() => {
    for (const reader of open) reader.close();
    rmSync(path.dirname(dir), { recursive: true });
  });

  function read(): JournalReader {
    const reader = new JournalReader(dir);
    open.push(reader);
    return reader;
  }

  const ticking = () => {
    let now = 0;
    return () => (now += 10);
  };

  const writes = (journal: Journal) =>
    journal.records
      .filter((record): record is WriteRecord => record.kind === "write")
      .map((record) => Buffer.from(journal.bytes(record)).toString());

  function recordWrite(writer: JournalWriter, text: string): void {
    writer.record({ kind: "write", tid: 7, inode: 2, path: "a", offset: 0, ...writer.keep(Buffer.from(text)) });
  }

  it("gives back every record as it was written, with its stamp and its bytes", () => {
    const writer = JournalWriter.begin(dir, 123n, ticking());
    writer.record({ kind: "create", tid: 7, inode: 2, parent: 1, path: "a", type: "file" });
    recordWrite(writer, "hello");
    const start = writer.record({ kind: "sync-start", tid: 8, inode: 2, path: "a", scope: "data" });
    writer.record({ kind: "sync-end", tid: 8, inode: 2, path: "a", start, ok: true });
    writer.close();

    const journal = read();
    expect(journal.originNs).to.equal(123n);
    expect(journal.records).to.deep.equal([
      { kind: "create", stampNs: 10, tid: 7, inode: 2, parent: 1, path: "a", type: "file" },
      { kind: "write", stampNs: 20, tid: 7, inode: 2, path: "a", offset: 0, length: 5, dataOffset: 0 },
      { kind: "sync-start", stampNs: 30, tid: 8, inode: 2, path: "a", scope: "data" },
      { kind: "sync-end", stampNs: 40, tid: 8, inode: 2, path: "a", start: 2, ok: true },
    ] satisfies JournalRecord[]);
    expect(writes(journal)).to.deep.equal(["hello"]);
  });

  it("stamps rise strictly, even when the clock stands still", () => {
    const writer = JournalWriter.begin(dir, 0n, () => 5);
    for (let count = 0; count < 3; count++) recordWrite(writer, "x");
    writer.close();
    expect(read().records.map((record) => record.stampNs)).to.deep.equal([5, 6, 7]);
  });

  it("keeps bytes of any length apart, across the batches in which they leave", () => {
    const texts = ["a", "b".repeat(15), "", "c".repeat(16), "d".repeat(100), "e", "f".repeat(17)];
    const writer = JournalWriter.begin(dir, 0n, ticking(), 16);
    const kept = texts.map((text) => ({ text, ...writer.keep(Buffer.from(text)) }));
    for (const { text, dataOffset, length } of kept) {
      const again = Buffer.alloc(length);
      writer.read(dataOffset, again);
      expect(again.toString()).to.equal(text);
    }
    for (const { dataOffset, length } of kept) {
      writer.record({ kind: "write", tid: 1, inode: 2, offset: 0, dataOffset, length });
    }
    writer.close();
    expect(writes(read())).to.deep.equal(texts);
  });

  it("reads an index that is longer than one piece of it", () => {
    const writer = JournalWriter.begin(dir, 0n, ticking());
    const longPath = "é".repeat(2_000);
    for (let count = 0; count < 2_500; count++) {
      writer.record({ kind: "truncate", tid: 1, inode: 2, path: longPath, size: count });
    }
    writer.close();
    expect(
      read().records.map((record) => record.kind === "truncate" && record.path === longPath && record.size),
    ).to.deep.equal(Array.from({ length: 2_500 }, (_, size) => size));
  });

  it("is readable while it is written, as far as it was flushed", () => {
    const writer = JournalWriter.begin(dir, 0n, ticking());
    recordWrite(writer, "first");
    writer.flush();
    recordWrite(writer, "second");
    expect(writes(read())).to.deep.equal(["first"]);
    writer.flush();
    expect(writes(read())).to.deep.equal(["first", "second"]);
    writer.close();
  });

  it("ends at its last whole line when its writer was killed", () => {
    const writer = JournalWriter.begin(dir, 0n, ticking());
    recordWrite(writer, "whole");
    writer.close();
    appendFileSync(path.join(dir, "index.jsonl"), '{"kind":"write","stampNs":9');
    expect(writes(read())).to.deep.equal(["whole"]);
  });

  it("ends before the first write whose bytes are missing", () => {
    const writer = JournalWriter.begin(dir, 0n, ticking());
    recordWrite(writer, "whole");
    recordWrite(writer, "cut");
    writer.record({ kind: "truncate", tid: 1, inode: 2, path: "a", size: 0 });
    writer.close();
    truncateSync(path.join(dir, "data"), 7);
    expect(writes(read())).to.deep.equal(["whole"]);
    expect(open[0]?.records).to.have.length(1);
  });

  it("is gone on with by another writer, as if there had been one", () => {
    const first = JournalWriter.begin(dir, 123n, ticking());
    recordWrite(first, "first");
    first.close();
    appendFileSync(path.join(dir, "index.jsonl"), '{"kind":"wri');
    const second = JournalWriter.resume(dir, read(), () => 5);
    expect(second.count).to.equal(1);
    recordWrite(second, "second");
    const again = Buffer.alloc(8);
    second.read(3, again);
    expect(again.toString()).to.equal("stsecond");
    second.close();

    const journal = read();
    expect(writes(journal)).to.deep.equal(["first", "second"]);
    expect(journal.records.map(({ stampNs }) => stampNs)).to.deep.equal([10, 11]);
    expect(journal.originNs).to.equal(123n);
  });

  it("is refused with its path when it is another format, or no journal at all", () => {
    expect(() => new JournalReader(dir)).to.throw(NotAJournal, "holds no journal");
    JournalWriter.begin(dir, 0n, ticking()).close();
    const index = path.join(dir, "index.jsonl");
    writeFileSync(index, readFileSync(index, "utf8").replace("journal@1", "journal@9"));
    expect(() => new JournalReader(dir)).to.throw(NotAJournal, /index\.jsonl is lossbound\/journal@9, not/);
  });
});
