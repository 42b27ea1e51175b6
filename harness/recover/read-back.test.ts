import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { needExecutable } from "../../tests/needs.ts";
import { modelFromJson, modelToJson } from "../operations/model.ts";
import type { Reply, Request } from "../recording/history.ts";
import { RunFolder } from "../run-folder.ts";
import { bundledTarget } from "../targets/bundled.ts";
import { ProcessTarget, processDefaults } from "../targets/process.ts";
import type { Instance, RespClient } from "../targets/target.ts";
import { CannotReadBack, readBack } from "./read-back.ts";

describe("reading a store back", () => {
  let parent: string;
  let run: RunFolder;
  let instance: Instance;
  let client: RespClient;
  beforeEach(async function () {
    const redis = needExecutable(this, "redis-server");
    parent = mkdtempSync(path.join(tmpdir(), "read-back-"));
    run = new RunFolder(parent);
    const target = new ProcessTarget({ ...processDefaults, name: redis, kind: "executable", command: [redis] }, run);
    instance = await target.start(run.newVolume(), [
      ["save", ""],
      ["databases", "20"],
    ]);
    client = await instance.connect();
  });
  afterEach(async () => {
    client.close();
    await run.dispose();
    rmSync(parent, { recursive: true });
  });

  const ask = async (...requests: string[][]) => {
    for (const request of requests) expect((await client.send(request)).kind, request.join(" ")).to.not.equal("error");
  };

  it("finds a HyperLogLog in one form, whatever the form in which the store holds it", async () => {
    const elements = Array.from({ length: 300 }, (_, n) => `element ${n}`);
    await ask(
      ["PFADD", "sparse", ...elements],
      ["CONFIG", "SET", "hll-sparse-max-bytes", "0"],
      ["PFADD", "dense", ...elements],
      ["PFADD", "other", ...elements.slice(1)],
      ["PFCOUNT", "sparse"],
    );
    const { state } = await readBack(client);
    const [dense, other, sparse] = modelToJson(state).map(({ value }) => value);
    expect(sparse).to.deep.equal(dense);
    expect(other).to.not.deep.equal(dense);
    expect(JSON.stringify(dense)).to.match(/"HYLL( \d+:\d+){290,300}"/);
  });

  it("finds the deadlines of fields, where the store has them", async () => {
    const store = await bundledTarget(run).start(run.newVolume(), [["save", ""]]);
    const other = await store.connect();
    await other.send(["HSET", "hash", "a", "1", "b", "2"]);
    await other.send(["HPEXPIREAT", "hash", "4000000000000", "FIELDS", "1", "b"]);
    await other.send(["HSET", "plain", "a", "1"]);
    const { state } = await readBack(other);
    expect(modelToJson(state).map(({ value }) => value)).to.deep.equal([
      {
        type: "hash",
        fields: [
          ["a", "1"],
          ["b", "2"],
        ],
        deadlines: [["b", 4_000_000_000_000]],
      },
      { type: "hash", fields: [["a", "1"]] },
    ]);
    other.close();
    await store.kill("tree");
  });

  it("finds every type in every database, with binary names and values", async () => {
    await ask(
      ["SET", "\x00\r\n\xff", "\xfe\x00"],
      ["RPUSH", "list", "a", "b", "a"],
      ["SELECT", "7"],
      ["HSET", "hash", "f\xff", "v", "g", ""],
      ["SADD", "set", "x", "y"],
      ["SELECT", "19"],
      ["ZADD", "zset", "1.5", "a", "inf", "b", "-inf", "c", "-0.1", "d"],
    );
    const { state, deadlineErrorMs } = await readBack(client);
    expect(deadlineErrorMs).to.equal(0);
    expect(modelToJson(state)).to.deep.equal([
      { database: 0, key: "\x00\r\n\xff", value: { type: "string", value: "\xfe\x00" } },
      { database: 0, key: "list", value: { type: "list", items: ["a", "b", "a"] } },
      {
        database: 7,
        key: "hash",
        value: {
          type: "hash",
          fields: [
            ["f\xff", "v"],
            ["g", ""],
          ],
        },
      },
      { database: 7, key: "set", value: { type: "set", members: ["x", "y"] } },
      {
        database: 19,
        key: "zset",
        value: {
          type: "zset",
          scores: [
            ["a", "1.5"],
            ["b", "Infinity"],
            ["c", "-Infinity"],
            ["d", "-0.1"],
          ],
        },
      },
    ]);
  });

  it("finds a stream with its last id, its groups, and what is pending of entries that are still there", async () => {
    await ask(
      ["XADD", "s", "1-1", "f", "v", "g\xff", ""],
      ["XADD", "s", "2-0", "f", "w"],
      ["XADD", "s", "3-0", "f", "x"],
      ["XGROUP", "CREATE", "s", "late", "$"],
      ["XGROUP", "CREATE", "s", "early", "0"],
      ["XREADGROUP", "GROUP", "early", "ann", "COUNT", "2", "STREAMS", "s", ">"],
      ["XCLAIM", "s", "early", "bob", "0", "2-0"],
      ["XDEL", "s", "1-1", "3-0"],
    );
    const { state } = await readBack(client);
    expect(modelToJson(state)).to.deep.equal([
      {
        database: 0,
        key: "s",
        value: {
          type: "stream",
          entries: [["2-0", ["f", "w"]]],
          lastId: "3-0",
          groups: [
            { name: "early", lastId: "2-0", pending: [["2-0", { consumer: "bob", deliveries: 2 }]] },
            { name: "late", lastId: "3-0", pending: [] },
          ],
        },
      },
    ]);
    expect(modelFromJson(JSON.parse(JSON.stringify(modelToJson(state))))).to.deep.equal(state);
  });

  it("misses none of many keys", async () => {
    await client.together(() =>
      Promise.all(Array.from({ length: 3_000 }, (_, index) => client.send(["SET", `k${index}`, String(index)]))),
    );
    const { state } = await readBack(client);
    expect(state.get(0)?.size).to.equal(3_000);
    expect(state.get(0)?.get("k2999")?.value).to.deep.equal({ type: "string", value: "2999" });
  });

  it("knows the deadline of a key to the millisecond, and leaves out what has expired", async () => {
    await ask(["SET", "far", "v", "PXAT", "2900000000123"], ["SET", "gone", "v", "PX", "1"], ["SET", "stays", "v"]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { state } = await readBack(client);
    expect(state.get(0)?.get("far")?.deadlineMs).to.equal(2_900_000_000_123);
    expect(state.get(0)?.get("stays")).to.not.have.property("deadlineMs");
    expect(state.get(0)?.has("gone")).to.equal(false);
  });

  it("changes nothing: a second reading finds the same, and the store counts no change", async () => {
    await ask(["RPUSH", "list", "a"], ["SET", "far", "v", "PXAT", "2900000000123"]);
    const changes = async () => /rdb_changes_since_last_save:(\d+)/.exec(await info())?.[1];
    const info = async () => ((await client.send(["INFO", "persistence"])) as { value: string }).value;
    const before = await changes();
    const first = await readBack(client);
    expect((await readBack(client)).state).to.deep.equal(first.state);
    expect(await changes()).to.equal(before);
  });

  it("is empty for an empty store", async () => {
    expect((await readBack(client)).state.size).to.equal(0);
  });

  it("says that it cannot express a key, instead of leaving it out", async () => {
    await ask(["RPUSH", "document", "v"]);
    const moduleType = { kind: "string", value: "ReJSON-RL" } as const;
    const error = await readBack(withReplies(client, { TYPE: moduleType })).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(CannotReadBack);
    expect((error as Error).message).to.equal('the key "document" is a ReJSON-RL');
  });

  it("falls back on how long a key still lives where the store does not know PEXPIRETIME", async () => {
    await ask(["SET", "far", "v", "PXAT", "2900000000123"]);
    const { state, deadlineErrorMs } = await readBack(withReplies(client, { PEXPIRETIME: unknownCommand }));
    expect(deadlineErrorMs).to.be.greaterThan(0);
    expect(Math.abs((state.get(0)?.get("far")?.deadlineMs ?? 0) - 2_900_000_000_123)).to.be.at.most(deadlineErrorMs);
  });

  it("asks each key for its deadline where one of the database has one, and none where none has", async () => {
    await ask(["SET", "a", "1"], ["SET", "far", "v", "PXAT", "2900000000123"], ["SELECT", "3"], ["SET", "b", "2"]);
    const asked: string[] = [];
    const { state } = await readBack({
      ...withReplies(client, {}),
      send: (request) => {
        if (request[0] === "PEXPIRETIME") asked.push(request[1] as string);
        return client.send(request);
      },
    });
    expect(asked.toSorted()).to.deep.equal(["a", "far"]);
    expect(state.get(0)?.get("far")?.deadlineMs).to.equal(2_900_000_000_123);
    expect([...(state.get(3) ?? [])]).to.deep.equal([["b", { value: { type: "string", value: "2" } }]]);
  });

  it("asks for each string by itself where the store does not know MGET", async () => {
    await ask(["SET", "a", "1"], ["RPUSH", "list", "b"], ["SET", "c", "2", "PXAT", "2900000000123"]);
    const whole = await readBack(client);
    expect((await readBack(withReplies(client, { MGET: unknownCommand }))).state).to.deep.equal(whole.state);
  });

  it("does not believe a scan that shows fewer keys than the store says it has", async () => {
    await ask(["SET", "a", "1"], ["SET", "b", "2"]);
    const blind = withReplies(client, {
      SCAN: {
        kind: "array",
        items: [
          { kind: "string", value: "0" },
          { kind: "array", items: [{ kind: "string", value: "a" }] },
        ],
      },
    });
    const error = await readBack(blind).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(CannotReadBack);
    expect((error as Error).message).to.equal("database 0 has 2 keys, and SCAN showed 1 of them");
  });
});

const unknownCommand: Reply = { kind: "error", message: "ERR unknown command" };

/** The same connection, but some commands are answered by the test. */
function withReplies(client: RespClient, replies: Readonly<Record<string, Reply>>): RespClient {
  return {
    send: (request: Request) => {
      const scripted = replies[request[0] ?? ""];
      return scripted === undefined ? client.send(request) : Promise.resolve(scripted);
    },
    together: (go) => client.together(go),
    closed: client.closed,
    close: () => client.close(),
  };
}
