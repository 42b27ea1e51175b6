import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type Completed, countFates, type Invoked, type Reply } from "./history.ts";
import { DamagedHistory, HistoryWriter, readHistoryFile } from "./history-file.ts";

const everyByte = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");

const asked = (id: number, client: number, ...request: string[]): Invoked => ({
  kind: "invoked",
  id,
  client,
  call: { requests: [request], transaction: false },
  stampNs: id * 1_000,
  wallMs: 1_700_000_000_000 + id,
});
const told = (id: number, reply: Reply = { kind: "string", value: "OK" }): Completed => ({
  kind: "completed",
  id,
  reply,
  stampNs: id * 1_000 + 500,
  wallMs: 1_700_000_000_000 + id,
});

describe("a history on disk", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-history-"));
    file = path.join(folder, "history.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("comes back as it was written, bytes and all", () => {
    const writer = new HistoryWriter(file);
    writer.invoked(asked(0, 1, "SET", everyByte, everyByte), asked(1, 0, "GET", "k"));
    writer.completed(told(1, { kind: "nil" }));
    writer.completed(told(0, { kind: "error", message: "MISCONF no" }));
    writer.invoked(asked(2, 1, "DEL", "k"));
    writer.close();
    const { clients } = readHistoryFile(file);
    expect(clients.map((sequence) => sequence.map((record) => record.id))).to.deep.equal([[1], [0, 2]]);
    expect(clients[1]?.[0]?.call.requests).to.deep.equal([["SET", everyByte, everyByte]]);
    expect(clients[1]?.[0]?.completed?.reply).to.deep.equal({ kind: "error", message: "MISCONF no" });
    expect(countFates({ clients })).to.deep.equal({ invoked: 3, acked: 1, refused: 1, indeterminate: 1 });
  });

  it("has a question on file before the writer returns, and an answer at the latest with the next question", () => {
    const writer = new HistoryWriter(file);
    writer.invoked(asked(0, 0, "INCR", "n"));
    expect(readHistoryFile(file).clients[0]).to.have.length(1);
    writer.completed(told(0));
    writer.invoked(asked(1, 0, "INCR", "n"));
    expect(readHistoryFile(file).clients[0]?.[0]?.completed).not.to.equal(undefined);
    writer.close();
  });

  it("reads up to the last whole line, wherever the harness was killed", () => {
    const writer = new HistoryWriter(file);
    writer.invoked(asked(0, 0, "SET", "a", "1"));
    writer.completed(told(0));
    writer.invoked(asked(1, 0, "SET", "b", "\xff"));
    writer.close();
    const whole = readFileSync(file);
    const lineEnds = [...whole.keys()].filter((index) => whole[index] === 0x0a);
    for (let length = whole.length; length > (lineEnds[0] as number); length--) {
      truncateSync(file, length);
      const entries = lineEnds.filter((end) => end < length).length - 1;
      const { invoked, acked } = countFates(readHistoryFile(file));
      expect(invoked + acked, `cut to ${length} bytes`).to.equal(entries);
    }
  });

  it("is not made over an older one", () => {
    new HistoryWriter(file).close();
    expect(() => new HistoryWriter(file)).to.throw(/EEXIST/);
  });

  it("says which line is damaged when it is not the torn end", () => {
    const writer = new HistoryWriter(file);
    writer.invoked(asked(0, 0, "SET", "a", "1"));
    writer.close();
    appendFileSync(file, 'garbage\n{"kind":"invoked"');
    expect(() => readHistoryFile(file)).to.throw(DamagedHistory, /:3: /);
  });

  it("refuses entries that make no sense together", () => {
    const writer = new HistoryWriter(file);
    writer.completed(told(7));
    writer.close();
    expect(() => readHistoryFile(file)).to.throw(DamagedHistory, "call 7 completed without having been invoked");
  });

  it("refuses a file that is something else", () => {
    for (const text of ["", "\n", '{"format":"lossbound/history@9"}\n', "[]\n"]) {
      writeFileSync(file, text);
      expect(() => readHistoryFile(file)).to.throw(DamagedHistory, /:1: /);
    }
  });
});
