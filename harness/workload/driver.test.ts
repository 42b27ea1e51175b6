import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Call, Reply, Request } from "../recording/history.ts";
import { HistoryWriter, readHistoryFile } from "../recording/history-file.ts";
import { MonotonicClock } from "../recording/monotonic-clock.ts";
import type { RespClient } from "../targets/target.ts";
import { Driver } from "./driver.ts";
import type { ClientPlan } from "./workload.ts";

const ok: Reply = { kind: "string", value: "OK" };

/** A connection whose replies the test gives, one by one, in order. */
class ScriptedClient implements RespClient {
  readonly sent: Request[] = [];
  /** Requests in each write, counted. */
  readonly writes: number[] = [];
  readonly onFileWhenSent: string[] = [];
  readonly closed: Promise<void>;
  private end: (() => void) | undefined;
  private readonly waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }[] =
    [];
  private readonly historyFile: string;

  constructor(historyFile: string) {
    this.historyFile = historyFile;
    this.closed = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  send(request: Request): Promise<Reply> {
    this.sent.push(request);
    this.onFileWhenSent.push(readFileSync(this.historyFile, "utf8"));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  together<T>(run: () => T): T {
    const before = this.sent.length;
    const result = run();
    this.writes.push(this.sent.length - before);
    return result;
  }

  async reply(...replies: readonly Reply[]): Promise<void> {
    for (const reply of replies) this.waiting.shift()?.resolve(reply);
    await settle();
  }

  close(): void {
    for (const { reject } of this.waiting.splice(0)) reject(new Error("Connection is closed."));
    this.end?.();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const single = (...request: string[]): Call => ({ requests: [request], transaction: false });
const plan = (...batches: Call[][]): ClientPlan => ({
  protocol: 2,
  batches: batches.map((calls) => ({ pauseMs: 0, calls })),
});

describe("the driver", () => {
  let folder: string;
  let historyFile: string;
  let file: HistoryWriter;
  let client: ScriptedClient;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "driver-"));
    historyFile = path.join(folder, "history.jsonl");
    file = new HistoryWriter(historyFile);
    client = new ScriptedClient(historyFile);
  });
  afterEach(() => {
    file.close();
    rmSync(folder, { recursive: true });
  });

  const drive = (...plans: ClientPlan[]) =>
    new Driver(
      plans.map(() => client),
      plans,
      { clock: new MonotonicClock(), file },
    );

  it("has an invocation on file before its first byte leaves", async () => {
    const driver = drive(plan([single("SET", "k", "v")]));
    expect(client.onFileWhenSent[0]).to.include('"requests":[["SET","k","v"]]');
    client.close();
    await driver.settle();
  });

  it("sends a batch in one write, and the next one when all its replies have come", async () => {
    const driver = drive(plan([single("SET", "a", "1"), single("SET", "b", "2")], [single("GET", "a")]));
    expect(client.sent.map(([name, key]) => `${name} ${key}`)).to.deep.equal(["SET a", "SET b"]);
    expect(client.writes).to.deep.equal([2]);
    await client.reply(ok);
    expect(client.sent).to.have.length(2);
    await client.reply(ok);
    expect(client.sent).to.have.length(3);
    client.close();
    await driver.settle();
  });

  it("stamps a completion after its invocation, and the next invocation after that", async () => {
    const driver = drive(plan([single("SET", "a", "1")], [single("SET", "a", "2")]));
    await client.reply(ok);
    await client.reply(ok);
    client.close();
    await driver.settle();
    const [first, second] = driver.history().clients[0] ?? [];
    expect(first?.completed?.ns).to.be.greaterThan(first?.invokedNs as number);
    expect(second?.invokedNs).to.be.greaterThan(first?.completed?.ns as number);
  });

  it("leaves a call whose connection ended first without completion, and sends it no more", async () => {
    const driver = drive(plan([single("INCR", "n"), single("INCR", "n")], [single("INCR", "n")]));
    await client.reply({ kind: "integer", value: 1 });
    client.close();
    await driver.settle();
    expect(client.sent).to.have.length(2);
    const [answered, lost, ...others] = driver.history().clients[0] ?? [];
    expect(answered?.completed?.reply).to.deep.equal({ kind: "integer", value: 1 });
    expect(lost?.completed).to.equal(undefined);
    expect(others).to.deep.equal([]);
  });

  it("sends a transaction whole, and records EXEC's reply as its own", async () => {
    const call: Call = {
      requests: [
        ["INCR", "n"],
        ["ZPOPMIN", "z", "2"],
      ],
      transaction: true,
      watch: ["w"],
    };
    const driver = drive(plan([call]));
    expect(client.sent.map(([name]) => name)).to.deep.equal(["WATCH", "MULTI", "INCR", "ZPOPMIN", "EXEC"]);
    expect(client.writes).to.deep.equal([5]);
    const queued: Reply = { kind: "string", value: "QUEUED" };
    const member: Reply = { kind: "string", value: "m" };
    const score: Reply = { kind: "string", value: "1" };
    await client.reply(ok, ok, queued, queued, {
      kind: "array",
      // A pair for each member, as RESP3 has it.
      items: [
        { kind: "integer", value: 1 },
        { kind: "array", items: [{ kind: "array", items: [member, score] }] },
      ],
    });
    client.close();
    await driver.settle();
    expect(driver.history().clients[0]?.[0]?.completed?.reply).to.deep.equal({
      kind: "array",
      items: [
        { kind: "integer", value: 1 },
        { kind: "array", items: [member, score] },
      ],
    });
    expect(driver.counts()).to.deep.equal({ invoked: 1, acked: 1, answered: 1 });
  });

  it("counts neither an error nor an aborted transaction as acked", async () => {
    const watched: Call = { requests: [["SET", "k", "v"]], transaction: true, watch: ["k"] };
    const driver = drive(plan([single("INCR", "list")], [watched]));
    await client.reply({ kind: "error", message: "WRONGTYPE" });
    await client.reply(ok, ok, { kind: "string", value: "QUEUED" }, { kind: "nil" });
    client.close();
    await driver.settle();
    expect(driver.counts()).to.deep.equal({ invoked: 2, acked: 0, answered: 2 });
  });

  it("knows nothing of a transaction whose MULTI was refused: each request may have taken effect by itself", async () => {
    const driver = drive(plan([{ requests: [["SET", "k", "v"]], transaction: true }]));
    await client.reply({ kind: "error", message: "ERR unknown command" }, ok, { kind: "error", message: "ERR EXEC" });
    client.close();
    await driver.settle();
    expect(driver.history().clients[0]?.[0]?.completed).to.equal(undefined);
  });

  it("sends nothing after it was stopped, but counts what was on its way", async () => {
    const driver = drive(plan([single("SET", "a", "1")], [single("SET", "a", "2")]));
    driver.stop();
    await client.reply(ok);
    client.close();
    await driver.settle();
    expect(client.sent).to.have.length(1);
    expect(driver.counts().acked).to.equal(1);
  });

  it("tells when so many calls were acked, and does not let anybody wait for more than will come", async () => {
    const driver = drive(plan([single("SET", "a", "1")], [single("SET", "a", "2")]));
    const told: string[] = [];
    void driver.whenAcked(1).then(() => told.push("one"));
    void driver.whenAcked(5).then(() => told.push("five or the end"));
    await client.reply(ok);
    expect(told).to.deep.equal(["one"]);
    client.close();
    await driver.settle();
    await settle();
    expect(told).to.deep.equal(["one", "five or the end"]);
  });

  it("waits for the pause of a batch, unless it is stopped", async () => {
    const paced: ClientPlan = { protocol: 2, batches: [{ pauseMs: 60_000, calls: [single("SET", "a", "1")] }] };
    const driver = drive(paced);
    await settle();
    expect(client.sent).to.deep.equal([]);
    driver.stop();
    client.close();
    await driver.settle();
    expect(driver.counts().invoked).to.equal(0);
  });

  it("ends connections that an orphan of the dead store keeps open", async () => {
    const driver = drive(plan([single("INCR", "n")]));
    await driver.settle();
    expect(driver.history().clients[0]?.[0]?.completed).to.equal(undefined);
  });

  it("leaves a file that reads back as the same history", async () => {
    const driver = drive(plan([single("SET", "\x00\xff", "v")], [single("INCR", "n")]));
    await client.reply(ok);
    client.close();
    await driver.settle();
    const history = driver.history();
    expect(readHistoryFile(historyFile)).to.deep.equal(history);
  });
});
