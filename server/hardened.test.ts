/** What the directives under `lossbound-` promise, on a disk that keeps only what it must. */
import { expect } from "chai";
import { FakeDisk } from "../tests/worlds/fake-disk.ts";
import { persistenceField, refusal, type Served, serve } from "../tests/worlds/served.ts";
import { batchLineBytes } from "./aof/batch.ts";
import { formatRecord } from "./aof/record-buffer.ts";

const hardened = {
  appendonly: true,
  "lossbound-aof-batch-checksum": true,
  "lossbound-rewrite-unsynced": true,
  "lossbound-write-before-reply": true,
} as const;
const log = "/d/appendonlydir";
const incr = `${log}/appendonly.aof.1.incr.aof`;

/** A disk with three keys, each in a batch of its own, all attested as durable but the last `unattested` of them. */
async function written(unattested = 0): Promise<Served> {
  const served = await serve(hardened);
  for (const [at, key] of ["a", "b", "c"].entries()) {
    if (at === 3 - unattested) served.disk.syncsWait = true;
    served.peer.ask(`SET ${key} 1`);
    await served.world.pass(2500);
  }
  return served;
}

const startOf = (disk: FakeDisk, path: string, key: string) =>
  disk.text(path).lastIndexOf("#LB1 ", disk.text(path).indexOf(formatRecord(["SET", key, "1"])));

describe("a hardened log", () => {
  it("is the log that Redis would have, with annotations", async () => {
    const { disk } = await written();
    const plain = disk.text(incr).replaceAll(/#LB1 [^\n]*\n/g, "");
    const records = ["a", "b", "c"].map((key) => formatRecord(["SET", key, "1"])).join("");
    expect(plain).to.equal(formatRecord(["SELECT", "0"]) + records);
    const manifest = disk.text(`${log}/appendonly.aof.manifest`);
    expect(manifest).to.match(/type i\n#LB1 [0-9a-f]{16}\n$/);
  });

  it("goes on in the same file after a restart, and in another one where the kind of the file changes", async () => {
    const first = await written();
    const again = await serve(hardened, first.disk.killed());
    again.peer.ask("SET d 1");
    expect(again.disk.text(incr))
      .to.contain(" 00000002 ")
      .and.to.contain(formatRecord(["SET", "d", "1"]));
    const without = await serve({ appendonly: true }, again.disk.killed());
    expect(without.peer.ask("GET d")).to.equal("$1\r\n1\r\n");
    without.peer.ask("SET e 1");
    expect(without.disk.text(`${log}/appendonly.aof.2.incr.aof`)).to.not.contain("#LB1");
    const back = await serve(hardened, without.disk.killed());
    expect(back.peer.ask("GET e")).to.equal("$1\r\n1\r\n");
    expect(back.disk.text(`${log}/appendonly.aof.3.incr.aof`)).to.contain("#LB1");
  });

  it("keeps a transaction within one batch", async () => {
    const { peer, disk } = await serve(hardened);
    peer.ask("SET before 1", "MULTI", "SET a 1", "SET b 1", "EXEC");
    peer.ask("SET after 1");
    const batches = disk.text(incr).split(/#LB1 [^\n]*\n/);
    expect(batches.filter((batch) => batch.includes("MULTI"))).to.have.length(1);
    expect(batches.find((batch) => batch.includes("MULTI"))).to.contain("EXEC");
  });

  it("says by itself that everything is durable when nothing more is written", async () => {
    const { disk, world, peer } = await serve(hardened);
    peer.ask("SET a 1");
    await world.pass(5000);
    const [last = ""] = disk.text(incr).match(/#LB1 [^\n]*\n$/) ?? [];
    const end = disk.size(incr) - batchLineBytes;
    expect(Number.parseInt(last.split(" ")[5] as string, 16)).to.equal(end);
    expect(disk.powerCut().text(incr)).to.equal(disk.text(incr));
    const lines = disk.journal.length;
    await world.pass(60_000);
    expect(disk.journal.length, "and then it rests").to.equal(lines);
  });
});

describe("the start with a hardened log", () => {
  it("cuts a torn end off durably, loudly, and keeps it aside", async () => {
    const { disk } = await written(1);
    const left = disk.killed();
    const start = startOf(left, incr, "c");
    const bytes = Buffer.from(left.text(incr), "latin1");
    left.put(incr, bytes.fill(0, start + 20, start + 40));
    const again = await serve(hardened, left);
    expect(again.peer.ask("MGET a b c")).to.equal("*3\r\n$1\r\n1\r\n$1\r\n1\r\n$-1\r\n");
    expect(again.disk.text(`${incr}.cut-${start}`)).to.equal(bytes.subarray(start).toString("latin1"));
    expect(again.disk.powerCut().size(incr)).to.be.at.most(start + batchLineBytes);
    expect(again.world.lines.filter((line) => line.includes("!!!"))).to.have.length(2);
  });

  it("refuses to cut where Redis would be told to refuse", async () => {
    const { disk } = await written(1);
    const left = disk.killed();
    left.put(incr, left.text(incr).slice(0, -3));
    expect(await refusal({ ...hardened, "aof-load-truncated": false }, left)).to.contain("Unexpected end of file");
  });

  it("refuses what has rotted below what was durable, changes nothing, and says how to repair it", async () => {
    const { disk } = await written();
    for (const key of ["a", "b", "c"]) {
      const left = disk.killed();
      const at = left.text(incr).indexOf(formatRecord(["SET", key, "1"])) + 8;
      const bytes = Buffer.from(left.text(incr), "latin1");
      bytes[at] = (bytes[at] as number) ^ 1;
      left.put(incr, bytes);
      const before = left.files().map((path) => left.text(path));
      expect(await refusal(hardened, left))
        .to.contain(`damaged at offset ${startOf(disk, incr, key)}`)
        .and.to.contain(`lossbound-check-aof --fix ${log}/appendonly.aof.manifest`);
      expect(left.files().map((path) => left.text(path))).to.deep.equal(before);
    }
  });

  it("refuses a manifest in which a bit has rotted", async () => {
    const { disk } = await written();
    const left = disk.killed();
    const path = `${log}/appendonly.aof.manifest`;
    left.put(path, left.text(path).replace("type i", "type h"));
    expect(await refusal(hardened, left)).to.contain("does not match its checksum");
    expect(left.has(incr)).to.equal(true);
  });

  it("makes durable what it loaded before it serves, also what a failed sync of its predecessor left in the cache", async () => {
    const first = await serve(hardened);
    first.disk.break("sync", /incr/, "EIO");
    first.peer.ask("SET a 1");
    await first.world.pass();
    // The kernel takes the pages for clean: to sync them again would do nothing.
    const again = await serve(hardened, first.disk.killed());
    const cut = await serve(hardened, again.disk.powerCut());
    expect(cut.peer.ask("GET a")).to.equal("$1\r\n1\r\n");
    const trusting = await serve({ ...hardened, "lossbound-rewrite-unsynced": false }, first.disk.killed());
    expect(trusting.disk.powerCut().text(incr), "the fake disk does forget").to.not.contain("SET");
  });

  it("succeeds after an interruption of the first start at any step, also where only sizes survived", async () => {
    const first = await serve(hardened);
    for (let cut = 0; cut <= first.disk.journal.length; cut++) {
      const disk = new FakeDisk("/d");
      let steps = 0;
      const found: FakeDisk[] = [];
      const push = disk.journal.push.bind(disk.journal);
      disk.journal.push = (...lines) => {
        const count = push(...lines);
        if (++steps === cut) found.push(disk.killed(), disk.powerCut(), disk.zeroFilled());
        return count;
      };
      await serve(hardened, disk);
      for (const left of found) {
        const again = await serve(hardened, left);
        expect(again.peer.ask("SET a 1"), `after step ${cut}`).to.equal("+OK\r\n");
      }
    }
  });
});

describe("a hardened log on a disk in trouble", () => {
  it("writes again what a failed sync left unwritten, and recovers by itself", async () => {
    const { disk, world, peer, server } = await serve(hardened);
    disk.break("sync", /incr/, "EIO");
    peer.ask("SET a 1");
    await world.pass();
    expect(peer.ask("SET b 1")).to.match(/^-MISCONF/);
    await world.pass(3000);
    disk.mend();
    await world.pass(2000);
    expect(peer.ask("SET b 1")).to.equal("+OK\r\n");
    expect(disk.powerCut().text(incr)).to.contain(formatRecord(["SET", "a", "1"]));
    expect(server.persistence.aof.writer.error).to.equal(undefined);
    const again = await serve(hardened, disk.powerCut());
    expect(again.peer.ask("GET a")).to.equal("$1\r\n1\r\n");
  });

  it("shows what Redis does there: a sync that is only done again makes nothing durable", async () => {
    const { disk, world, peer } = await serve({ appendonly: true });
    disk.break("sync", /incr/, "EIO", 1);
    peer.ask("SET a 1");
    await world.pass(3000);
    expect(peer.ask("SET b 1")).to.equal("+OK\r\n");
    await world.pass(3000);
    expect(disk.powerCut().text(incr)).to.not.contain(formatRecord(["SET", "a", "1"]));
  });

  it("writes before it answers, also while a sync runs", async () => {
    const { disk, world, peer } = await serve(hardened);
    disk.syncsWait = true;
    peer.ask("SET a 1");
    await world.pass();
    expect(disk.pendingSyncs).to.equal(1);
    expect(peer.ask("SET b 1")).to.equal("+OK\r\n");
    expect(disk.text(incr)).to.contain(formatRecord(["SET", "b", "1"]));
  });

  it("answers no write that a full disk did not take, until it does; who only reads is not kept waiting", async () => {
    const served = await serve(hardened);
    const { disk, world, peer } = served;
    const reader = world.connect();
    disk.freeBytes = 0;
    expect(peer.ask("SET a 1")).to.equal("");
    expect(reader.ask("GET other")).to.equal("$-1\r\n");
    expect(reader.ask("SET b 1")).to.match(/^-MISCONF/);
    await world.pass(1500);
    expect(peer.take()).to.equal("");
    disk.mend();
    await world.pass(1500);
    expect(peer.take()).to.equal("+OK\r\n");
    expect(disk.text(incr)).to.contain(formatRecord(["SET", "a", "1"]));
    expect(persistenceField(served, "aof_last_write_status")).to.equal("ok");
  });

  it("keeps its chain over a write that came short, cut back or not", async () => {
    for (const breaks of [false, true]) {
      const { disk, world, peer } = await serve(hardened);
      if (breaks) disk.break("truncate", /incr/, "EIO");
      disk.freeBytes = 50;
      peer.ask("SET a 1");
      expect(disk.size(incr)).to.equal(batchLineBytes + (breaks ? 50 : 0));
      disk.mend();
      await world.pass(1500);
      peer.ask("SET b 1");
      const again = await serve(hardened, disk.killed());
      expect(again.peer.ask("MGET a b")).to.equal("*2\r\n$1\r\n1\r\n$1\r\n1\r\n");
    }
  });
});
