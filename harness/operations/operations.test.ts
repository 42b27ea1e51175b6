import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { needExecutable } from "../../tests/needs.ts";
import { announcedSeed } from "../../tests/property.ts";
import { type Random, randomFrom } from "../random.ts";
import type { Bytes, Call, Reply, Request } from "../recording/history.ts";
import { readStream } from "../recover/read-stream.ts";
import { RunFolder } from "../run-folder.ts";
import { bundledTarget } from "../targets/bundled.ts";
import { ProcessTarget, processDefaults } from "../targets/process.ts";
import type { RespClient } from "../targets/target.ts";
import { OpenChoice } from "./choices.ts";
import { KeyPool } from "./key-pool.ts";
import { emptyModel, type Model, type ModelEntry, type ModelValue, modelFromJson, modelToJson } from "./model.ts";
import { ModelState } from "./model-state.ts";
import { isAtLeast, operationOf, operations, UnknownCommand, type Weights, weightsFor } from "./operations.ts";
import { type RunOptions, runCall } from "./run-call.ts";
import { plainString } from "./sketch.ts";
import { drawCall, drawTransaction } from "./transactions.ts";

const poolOptions = { keys: 35, valueBytes: { least: 0, most: 60 }, databases: 3, deadlines: "far" } as const;
const nobody = () => undefined;
const options = (moment = { earliestMs: Date.now() - 1_000, latestMs: Date.now() + 60_000 }) => ({
  moment,
  fork: (model: ModelState) => model.fork(nobody),
});

/** Nobody needs to be told what the store chose: a member, or an id. */
function leavesNoChoice(request: Request): boolean {
  return request[0] !== "SPOP" && !(request[0] === "XADD" && request.includes("*"));
}

describe("the table of operations", () => {
  it("draws requests that it can read: name, keys, and a step for each", () => {
    for (const operation of operations.values()) {
      const pool = new KeyPool(randomFrom(operation.name), 3, poolOptions);
      for (let count = 0; count < 50; count++) {
        const request = operation.generate(pool);
        expect(request[0]).to.equal(operation.name);
        for (const key of operation.keys(request)) expect(key).to.match(/^c3:/);
        if (leavesNoChoice(request)) {
          const call = { requests: [request], transaction: false };
          runCall(new ModelState(emptyModel, nobody), call, undefined, options());
        }
      }
    }
  });

  it("draws all its commands and keeps nearly all deadlines decades away", () => {
    const pool = new KeyPool(randomFrom("draws"), 0, poolOptions);
    const weights = weightsFor("8.0.0");
    const drawn = Array.from({ length: 20_000 }, () => drawCall(pool, weights).requests[0] as Request);
    const steppable = drawn.filter(leavesNoChoice);
    expect(new Set(drawn.map(([name]) => name)).size).to.equal(weights.length);
    const state = new ModelState(emptyModel, nobody);
    for (const request of steppable) runCall(state, { requests: [request], transaction: false }, undefined, options());
    const deadlines = [...state.keys()].flatMap(([, , { deadline }]) => (deadline ? [deadline.earliestMs] : []));
    expect(deadlines).not.to.have.length(0);
    expect(Math.min(...deadlines)).to.be.above(Date.UTC(2050, 0));
  });

  it("does not ask a store for what it does not know yet", () => {
    const names = (redisVersion: string) => weightsFor(redisVersion).map(([operation]) => operation.name);
    expect(names("6.0.9")).not.to.include("LMPOP").and.not.to.include("COPY");
    expect(names("7.0.15")).to.include.members(["LMPOP", "COPY"]);
    expect(isAtLeast("7.0.15", "7.2")).to.equal(false);
    expect(isAtLeast("7.10", "7.2")).to.equal(true);
  });

  it("knows commands in any case, and says which one it does not know", () => {
    expect(operationOf(["set", "a", "b"]).name).to.equal("SET");
    expect(() => operationOf(["EVAL", "x"])).to.throw(UnknownCommand, '"EVAL"');
  });
});

describe("an id that the store made", () => {
  const moment = { earliestMs: 1_000, latestMs: 2_000 };
  const add: Call = { requests: [["XADD", "s", "*", "f", "v"]], transaction: false };
  const idsAfter = (more: Partial<RunOptions>, before: ModelState, told?: Reply) =>
    runCall(before, add, told, { ...options(moment), ...more }).map(({ model }) => model.read("s", "stream")?.lastId);

  it("is the one that was told", () => {
    expect(idsAfter({}, new ModelState(emptyModel, nobody), { kind: "string", value: "1500-0" })).to.deep.equal([
      "1500-0",
    ]);
  });

  it("is any where another answer came: that the store did something else is told, and no open question", () => {
    const refused = { kind: "error", message: "WRONGTYPE Operation against a key" } as const;
    const outcomes = runCall(new ModelState(emptyModel, nobody), add, refused, options(moment));
    expect(outcomes.map(({ oddReply }) => oddReply !== undefined)).to.deep.equal([true]);
  });

  it("is the next one where the clock has not come so far, whatever was told", () => {
    const state = new ModelState(emptyModel, nobody);
    state.change("s", "stream", (stream) => stream.append("4102444800000-7", ["f", "v"]));
    expect(idsAfter({}, state)).to.deep.equal(["4102444800000-8"]);
  });

  it("is one of those that came back with the same entry, or of none that is left, where nobody was told", () => {
    const stream = (id: string, text: string) =>
      ({ type: "stream", entries: [[id, ["f", text]]], lastId: id, groups: new Map() }) as const;
    const recovered: Model = new Map([
      [
        0,
        new Map([
          ["s", { value: stream("1500-0", "v") }],
          ["t", { value: stream("1600-0", "other") }],
        ]),
      ],
    ]);
    const ids = idsAfter({ hindsight: { recovered, names: () => false } }, new ModelState(emptyModel, nobody));
    expect(ids).to.have.members(["1500-0", "1600-0", "2000-0"]);
    expect(() => idsAfter({}, new ModelState(emptyModel, nobody))).to.throw(OpenChoice);
  });
});

describe("fields of bits", () => {
  const textAfter = (...words: string[]) => {
    const state = new ModelState(emptyModel, nobody);
    const [outcome] = runCall(
      state,
      { requests: [["BITFIELD", "b", ...words]], transaction: false },
      undefined,
      options(),
    );
    return outcome?.model.read("b", "string")?.text;
  };

  it("wrap or stop at their limits, and lie across bytes", () => {
    expect(textAfter("SET", "u8", "#1", "200")).to.equal("\0\xc8");
    expect(textAfter("SET", "u8", "0", "-1")).to.equal("\xff");
    expect(textAfter("OVERFLOW", "SAT", "INCRBY", "u8", "0", "-1")).to.equal("\0");
    expect(textAfter("OVERFLOW", "SAT", "INCRBY", "i5", "3", "100")).to.equal("\x0f");
    expect(textAfter("INCRBY", "i5", "6", "-1")).to.equal("\x03\xe0");
  });
});

describe("the model", () => {
  let parent: string;
  let run: RunFolder;
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), "lossbound-model-"));
    run = new RunFolder(parent);
  });
  afterEach(async () => {
    await run.dispose();
    rmSync(parent, { recursive: true });
  });

  it("answers as redis-server does and ends up with the same keys, values and deadlines", async function () {
    this.timeout(120_000);
    const executable = needExecutable(this, "redis-server");
    const target = new ProcessTarget(
      { ...processDefaults, name: executable, kind: "executable", command: [executable], listen: "socket" },
      run,
    );
    await compareWith(target, run);
  });

  it("answers as the bundled store does, which knows fields that expire", async function () {
    this.timeout(120_000);
    const acked = await compareWith(bundledTarget(run), run);
    expect(acked).to.include.members(["HPEXPIREAT", "HEXPIREAT", "HPERSIST", "PFADD", "PFMERGE", "PFCOUNT"]);
  });

  it("survives JSON, with bytes, infinities and deadlines", () => {
    const pool = new KeyPool(randomFrom("json"), 0, poolOptions);
    const weights = weightsFor("8.0.0");
    const state = new ModelState(emptyModel, nobody);
    for (let count = 0; count < 2_000; count++) {
      const call = drawCall(pool, weights);
      if (call.requests.every(leavesNoChoice)) runCall(state, call, undefined, options());
    }
    const json = modelToJson(state.plain());
    expect(modelToJson(modelFromJson(JSON.parse(JSON.stringify(json))))).to.deep.equal(json);
    expect(modelFromJson(JSON.parse(JSON.stringify(json)))).to.deep.equal(state.plain());
  });
});

/** Plays drawn calls on a store and on the model: every reply, and in the end every key. Returns what was acknowledged. */
async function compareWith(target: ProcessTarget, run: RunFolder): Promise<string[]> {
  const { redisVersion, unknownCommands } = await target.identify();
  const weights = weightsFor(redisVersion, ({ name }) => (unknownCommands.includes(name) ? 0 : 1));
  const instance = await target.start(run.newVolume(), [["save", ""]]);
  const client = await instance.connect();
  const random = randomFrom(String(announcedSeed()));
  const state = new ModelState(emptyModel, nobody);
  const calls = drawCalls(random, weights, 12_000);
  const acked = new Set<string>();
  for (let first = 0; first < calls.length; first += 100) {
    const batch = calls.slice(first, first + 100);
    const earliestMs = Date.now() - 1;
    const replies = await Promise.all(batch.map((call) => send(client, call)));
    const moment = { earliestMs, latestMs: Date.now() + 1 };
    for (const [index, call] of batch.entries()) {
      const outcomes = runCall(state, call, replies[index], options(moment));
      expect(outcomes[0]?.oddReply, JSON.stringify([call, outcomes[0]?.oddReply])).to.equal(undefined);
      expect(outcomes).to.have.length(1);
      if (!call.transaction && replies[index]?.kind !== "error") acked.add(call.requests[0]?.[0] as string);
    }
  }
  expect([...acked]).to.include.members(weights.map(([operation]) => operation.name));
  const expected = state.plain();
  const recovered = await readBack(client);
  expect([...recovered.keys()].sort()).to.deep.equal([...expected.keys()].sort());
  for (const [database, keys] of expected) {
    for (const [key, entry] of keys) compare(`${database}:${key}`, entry, recovered.get(database)?.get(key));
    expect(recovered.get(database)?.size).to.equal(keys.size);
  }
  await instance.kill("tree");
  return [...acked];
}

function drawCalls(random: Random, known: Weights, count: number): Call[] {
  const pool = new KeyPool(random.fork("keys"), 1, poolOptions);
  const blocking = [operations.get("BLPOP"), operations.get("BRPOP")].map((operation) => [operation as never, 0.3]);
  const global = ["FLUSHDB", "FLUSHALL", "SWAPDB"].map((name) => [operations.get(name) as never, 0.05]);
  const weights = [...known, ...(blocking as never[]), ...(global as never[])];
  return Array.from({ length: count }, () =>
    random.chance(0.1) ? drawTransaction(pool, weights) : drawCall(pool, weights),
  );
}

async function send(client: RespClient, call: Call): Promise<Reply> {
  if (!call.transaction) return client.send(call.requests[0] as Request);
  const watch = (call.watch ?? []).map((key) => ["WATCH", key]);
  const all = [...watch, ["MULTI"], ...call.requests, ["EXEC"]].map((request) => client.send(request));
  return (await Promise.all(all)).at(-1) as Reply;
}

function compare(name: string, expected: ModelEntry, recovered: ModelEntry | undefined): void {
  expect(recovered?.value, name).to.deep.equal(expected.value);
  if (expected.deadlineMs === undefined) expect(recovered?.deadlineMs, name).to.equal(undefined);
  else expect(recovered?.deadlineMs, name).to.be.closeTo(expected.deadlineMs, 2_000);
}

async function readBack(client: RespClient): Promise<Model> {
  const model = new Map<number, Map<Bytes, ModelEntry>>();
  for (let database = 0; database < 16; database++) {
    await client.send(["SELECT", String(database)]);
    for (const key of stringsOf(await client.send(["KEYS", "*"]))) {
      const value = await readValue(client, key);
      const deadline = await client.send(["PEXPIRETIME", key]);
      const deadlineMs = deadline.kind === "integer" && deadline.value >= 0 ? deadline.value : undefined;
      const keys = model.get(database) ?? new Map<Bytes, ModelEntry>();
      model.set(database, keys.set(key, { value, ...(deadlineMs !== undefined && { deadlineMs }) }));
    }
  }
  return model;
}

async function readValue(client: RespClient, key: Bytes): Promise<ModelValue> {
  const [type] = stringsOf(await client.send(["TYPE", key]));
  switch (type) {
    case "list":
      return { type, items: stringsOf(await client.send(["LRANGE", key, "0", "-1"])) };
    case "hash":
      return readHash(client, key);
    case "set":
      return { type, members: new Set(stringsOf(await client.send(["SMEMBERS", key]))) };
    case "zset": {
      const pairs = pairsOf(await client.send(["ZRANGE", key, "0", "-1", "WITHSCORES"]));
      const score = (text: Bytes) => Number(text.replace("inf", "Infinity"));
      return { type, scores: new Map(pairs.map(([member, text]) => [member, score(text)])) };
    }
    case "stream":
      return (await readStream(client, key)) as ModelValue;
    default:
      return { type: "string", value: plainString(stringsOf(await client.send(["GET", key]))[0] as Bytes) };
  }
}

async function readHash(client: RespClient, key: Bytes): Promise<ModelValue> {
  const fields = new Map(pairsOf(await client.send(["HGETALL", key])));
  const moments = await client.send(["HPEXPIRETIME", key, "FIELDS", String(fields.size), ...fields.keys()]);
  const deadlines = [...fields.keys()].flatMap((field, index): [Bytes, number][] => {
    const moment = moments.kind === "array" ? moments.items[index] : undefined;
    return moment?.kind === "integer" && moment.value >= 0 ? [[field, moment.value]] : [];
  });
  return { type: "hash", fields, ...(deadlines.length > 0 && { deadlines: new Map(deadlines) }) };
}

function stringsOf(reply: Reply): Bytes[] {
  if (reply.kind === "string") return [reply.value];
  return reply.kind === "array" ? reply.items.flatMap(stringsOf) : [];
}

function pairsOf(reply: Reply): [Bytes, Bytes][] {
  const items = stringsOf(reply);
  return items.flatMap((item, index) => (index % 2 === 0 ? [[item, items[index + 1] as Bytes] as [Bytes, Bytes]] : []));
}
