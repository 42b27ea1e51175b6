/**
 * redis-server, unmodified, on a recorded volume: everything that it asks of a disk works, the journal says all of it, and
 * a disk that fails does so where it was told to.
 */
import { expect } from "chai";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import type { Strike } from "../../harness/fuse/fault-gate.ts";
import type { RecordedVolume } from "../../harness/fuse/recorded-volume.ts";
import type { JournalRecord } from "../../harness/recording/journal.ts";
import type { JournalReader } from "../../harness/recording/journal-file.ts";
import { RunFolder } from "../../harness/run-folder.ts";
import type { Config, Instance, RespClient, Target } from "../../harness/targets/target.ts";
import { openTarget } from "../../harness/targets/targets.ts";
import { replayPlainly } from "../file-system/plain-replay.ts";
import { missing, needExecutable } from "../needs.ts";

describe("redis-server on a recorded volume", function () {
  this.timeout(60_000);
  let run: RunFolder;
  let redis: Target;
  let volume: RecordedVolume;

  beforeEach(async function () {
    const executable = needExecutable(this, "redis-server");
    run = new RunFolder();
    redis = await openTarget(executable, run);
    try {
      volume = await run.newRecordedVolume();
    } catch (error) {
      await run.dispose();
      if (error instanceof VolumeUnavailable) missing(this, error.message);
      throw error;
    }
  });

  afterEach(async () => {
    await volume.dispose();
    await run.dispose();
  });

  const withLog = (appendfsync: string): Config => [
    ["save", ""],
    ["appendonly", "yes"],
    ["appendfsync", appendfsync],
    ["enable-debug-command", "local"],
  ];

  const of = <K extends JournalRecord["kind"]>(records: readonly JournalRecord[], kind: K) =>
    records.filter((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind);

  async function withClient<T>(instance: Instance, use: (client: RespClient) => Promise<T>): Promise<T> {
    const client = await instance.connect();
    try {
      return await use(client);
    } finally {
      client.close();
    }
  }

  const setMany = (client: RespClient, from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, index) => client.send(["SET", `k${from + index}`, "v".repeat(50)])),
    );

  async function untilJobEnds(client: RespClient): Promise<void> {
    for (;;) {
      const info = await client.send(["INFO", "persistence"]);
      if (info.kind === "string" && !/_in_progress:1|rewrite_scheduled:1/.test(info.value)) return;
    }
  }

  /** Everything that the store would find, started on it as on an ordinary disk. */
  async function keysOn(image: Awaited<ReturnType<RecordedVolume["image"]>>): Promise<number> {
    const copy = run.newVolume();
    await copy.lay(image);
    const instance = await redis.start(copy, withLog("no"));
    const reply = await withClient(instance, (client) => client.send(["DBSIZE"]));
    await instance.kill("tree");
    await copy.dispose();
    if (reply.kind !== "integer") throw new Error("DBSIZE has no number");
    return reply.value;
  }

  async function withJournal<T>(use: (journal: JournalReader) => T): Promise<T> {
    const journal = await volume.journal();
    try {
      return use(journal);
    } finally {
      journal.close();
    }
  }

  it("rewrites its log, saves a snapshot, and is killed: the journal leads exactly to what is left", async () => {
    const instance = await redis.start(volume, [...withLog("everysec"), ["dbfilename", "dump.rdb"]]);
    await withClient(instance, async (client) => {
      await setMany(client, 0, 1_000);
      await client.send(["BGREWRITEAOF"]);
      await setMany(client, 1_000, 2_000);
      await untilJobEnds(client);
      await client.send(["BGSAVE"]);
      await setMany(client, 2_000, 3_000);
      await untilJobEnds(client);
      expect(await client.send(["DEBUG", "RELOAD"])).to.deep.equal({ kind: "string", value: "OK" });
      expect(await client.send(["DEBUG", "LOADAOF"])).to.deep.equal({ kind: "string", value: "OK" });
    });
    await instance.kill("tree");
    const image = await volume.image();
    expect([...image.keys()]).to.include.members(["dump.rdb", "appendonlydir/appendonly.aof.manifest"]);
    await withJournal((journal) => {
      expect([...replayPlainly(journal)]).to.deep.equal([...image]);
      const renamed = of(journal.records, "rename").map(({ path }) => path);
      expect(renamed).to.include.members(["dump.rdb", "appendonlydir/appendonly.aof.manifest"]);
    });
    expect(await keysOn(image)).to.equal(3_000);
  });

  it("under always answers no write before the journal says that it is durable", async () => {
    await volume.arm(
      [{ kind: "delay", name: "slow", when: { on: ["fdatasync"] }, delays: { kind: "uniform", fromMs: 2, toMs: 20 } }],
      "seed",
    );
    const instance = await redis.start(volume, withLog("always"));
    const ackedNs: bigint[] = [];
    await withClient(instance, async (client) => {
      for (let index = 0; index < 30; index++) {
        await client.send(["SET", `key${index}`, `<${index}>`]);
        ackedNs.push(process.hrtime.bigint());
      }
    });
    await instance.kill("tree");
    await withJournal((journal) => {
      for (const [index, ack] of ackedNs.entries()) {
        const ackNs = Number(ack - journal.originNs);
        const write = of(journal.records, "write").find((record) =>
          Buffer.from(journal.bytes(record)).includes(`<${index}>`),
        );
        if (write === undefined) throw new Error(`write ${index} is not in the journal`);
        const covering = of(journal.records, "sync-end").find(
          ({ start, inode }) =>
            inode === write.inode && (journal.records[start] as JournalRecord).stampNs > write.stampNs,
        );
        expect(covering?.stampNs, `the sync of write ${index}`).to.be.lessThan(ackNs);
      }
    });
  });

  for (const side of ["before", "after"] as const) {
    it(`is killed exactly ${side} it switches manifests, and comes back with all that it had`, async () => {
      const strikes: Strike[] = [];
      volume.onStrike((strike) => strikes.push(strike));
      const instance = await redis.start(volume, withLog("always"));
      await withClient(instance, async (client) => {
        await setMany(client, 0, 500);
        const when = { on: ["rename" as const], path: "appendonly.aof.manifest", nth: { first: 2, last: 2 } };
        await volume.arm([{ kind: "kill", name: "switch", when, side, scope: "tree" }], "seed");
        // The connection ends with the store.
        await client.send(["BGREWRITEAOF"]).catch(() => undefined);
        expect((await instance.ended).signal).to.equal("SIGKILL");
      });
      const image = await volume.image();
      expect(strikes.map(({ fault, operation, path }) => ({ fault, operation, path }))).to.deep.equal([
        { fault: "switch", operation: "rename", path: "appendonlydir/appendonly.aof.manifest" },
      ]);
      expect(image.has("appendonlydir/temp-appendonly.aof.manifest")).to.equal(side === "before");
      await withJournal(({ records }) => {
        const last = records.findLast(({ kind }) => kind !== "fault");
        expect(last?.kind === "rename").to.equal(side === "after");
      });
      expect(await keysOn(image)).to.equal(500);
    });
  }

  it("refuses writes while the disk is full, and takes them again once it has healed", async () => {
    const instance = await redis.start(volume, withLog("everysec"));
    await withClient(instance, async (client) => {
      await setMany(client, 0, 100);
      await volume.arm([{ kind: "full", name: "full", freeBytes: 2_000 }], "seed");
      const set = (index: number) => client.send(["SET", `full${index}`, "v".repeat(100)]);
      let refused = 0;
      for (let index = 0; refused === 0; index++) refused = (await set(index)).kind === "error" ? 1 : 0;
      await volume.disarm("full");
      while ((await set(0)).kind === "error");
    });
    await instance.stop();
    expect(await keysOn(await volume.image())).to.be.greaterThan(100);
  });

  it("exits when a sync of its log fails under always", async () => {
    const instance = await redis.start(volume, withLog("always"));
    await withClient(instance, async (client) => {
      await setMany(client, 0, 10);
      await volume.arm(
        [{ kind: "error", name: "eio", when: { on: ["fdatasync", "fsync"], path: "*.aof" }, code: "EIO" }],
        "s",
      );
      await client.send(["SET", "doomed", "v"]).catch(() => undefined);
      expect((await instance.ended).exitCode).to.equal(1);
    });
    await withJournal(({ records }) => {
      expect(of(records, "sync-end").filter(({ ok }) => !ok)).to.have.length(1);
    });
  });
});
