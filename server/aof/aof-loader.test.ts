import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { refusal, type Served, serve } from "../../tests/worlds/served.ts";
import { correctParts } from "../parts.ts";
import { AofLoader } from "./aof-loader.ts";
import { formatRecord } from "./record-buffer.ts";

const log = "/d/appendonlydir";
const names = {
  base: "appendonly.aof.1.base.aof",
  incr: "appendonly.aof.1.incr.aof",
  last: "appendonly.aof.2.incr.aof",
};
const settings = { appendonly: true, appendfsync: "always" } as const;

const record = (line: string) => formatRecord(line.split(" "));
const records = (...lines: string[]) => lines.map(record).join("");

/** A log of up to three files. */
function laid(files: Partial<Record<keyof typeof names, string>>): FakeDisk {
  const disk = new FakeDisk("/d", log);
  const lines: string[] = [];
  for (const [which, text] of Object.entries(files)) {
    const name = names[which as keyof typeof names];
    disk.put(`${log}/${name}`, text);
    lines.push(`file ${name} seq ${which === "last" ? 2 : 1} type ${which === "base" ? "b" : "i"}\n`);
  }
  disk.put(`${log}/appendonly.aof.manifest`, lines.join(""));
  return disk;
}

function get({ peer }: Served, ...keys: string[]): (string | null)[] {
  return keys.map((key) => {
    const [head, value] = peer.ask(`GET ${key}`).split("\r\n");
    return head === "$-1" ? null : (value ?? null);
  });
}

describe("loading the log", () => {
  it("replays base and incr files in order, each from database 0", async () => {
    const served = await serve(
      settings,
      laid({
        base: records("SET a 1", "SELECT 3", "SET b 1"),
        incr: records("SET a 2", "SET c 2"),
        last: records("SET c 3"),
      }),
    );
    expect(get(served, "a", "b", "c")).to.deep.equal(["2", null, "3"]);
    served.peer.ask("SELECT 3");
    expect(get(served, "b")).to.deep.equal(["1"]);
    expect(served.server.keyspace.dirty).to.equal(0);
  });

  it("runs a transaction at its EXEC, and passes over annotations within it", async () => {
    const served = await serve(
      settings,
      laid({ incr: `#TS:1\r\n${record("MULTI")}${record("SET a 1")}#TS:2\r\n${records("SET b 1", "EXEC")}` }),
    );
    expect(get(served, "a", "b")).to.deep.equal(["1", "1"]);
  });

  it("goes on after commands that fail, as they failed when they were logged", async () => {
    const served = await serve(settings, laid({ incr: records("EXEC", "SET a 1", "SET", "SET a 1 BOGUS", "SET b 1") }));
    expect(get(served, "a", "b")).to.deep.equal(["1", "1"]);
  });

  it("appends behind what it loaded", async () => {
    const disk = laid({ incr: records("SET a 1") });
    const served = await serve(settings, disk);
    served.peer.ask("SET b 2");
    expect(disk.text(`${log}/${names.incr}`)).to.equal(records("SET a 1", "SELECT 0", "SET b 2"));
  });

  it("keeps keys past their deadline in the base until the log says otherwise", async () => {
    const first = await serve({ ...settings, "aof-use-rdb-preamble": true });
    first.server.keyspace.db(0).add("past", "value", first.world.clock.wallMs() - 1000);
    first.server.keyspace.expiry = "off";
    first.peer.ask("BGREWRITEAOF");
    await first.world.pass();
    first.peer.ask("SET other 1");
    const again = await serve(settings, first.disk.killed());
    expect(again.server.persistence.progress.keysLoaded).to.equal(1);
    expect(get(again, "past")).to.deep.equal([null]);
  });

  it("keeps libraries of functions, and writes them back", async () => {
    const disk = laid({ base: formatRecord(["FUNCTION", "LOAD", "#!lua name=mylib\ncode"]), incr: "" });
    const served = await serve(settings, disk);
    served.peer.ask("BGREWRITEAOF");
    await served.world.pass();
    const again = await serve(settings, disk.killed());
    expect(again.server.persistence.libraries).to.deep.equal(["#!lua name=mylib\ncode"]);
  });

  it("serves its clients between pieces, with LOADING", async () => {
    const disk = laid({ incr: Array.from({ length: 5000 }, (_, index) => record(`SET key:${index} value`)).join("") });
    const served = await serve({ ...settings, "loading-process-events-interval-bytes": 1024 }, disk);
    expect(served.server.keyspace.size).to.equal(5000);
    const { progress } = served.server.persistence;
    expect(progress.loadedBytes).to.equal(progress.totalBytes);
  });
});

describe("a log that ends too early", () => {
  const whole = records("SET a 1", "SET b 1");
  const torn = record("SET c 1");

  it("is cut behind its last whole record, wherever it was torn, and the cut is durable before it starts", async () => {
    for (let length = 1; length < torn.length; length++) {
      const disk = laid({ incr: whole + torn.slice(0, length) });
      const served = await serve(settings, disk);
      expect(get(served, "a", "b", "c")).to.deep.equal(["1", "1", null]);
      expect(disk.text(`${log}/${names.incr}`)).to.equal(whole);
      expect(disk.journal.slice(0, 2)).to.deep.equal([
        `truncate ${log}/${names.incr} ${whole.length}`,
        `sync ${log}/${names.incr}`,
      ]);
      served.peer.ask("SET d 1");
      const again = await serve(settings, disk.powerCut());
      expect(get(again, "a", "b", "c", "d")).to.deep.equal(["1", "1", null, "1"]);
    }
  });

  it("is cut before the MULTI when a transaction was open, wherever it was torn", async () => {
    const transaction = records("MULTI", "SET a 2", "SET b 2", "EXEC");
    for (let length = record("MULTI").length; length < transaction.length; length++) {
      const disk = laid({ incr: whole + transaction.slice(0, length) });
      const served = await serve(settings, disk);
      expect(get(served, "a", "b")).to.deep.equal(["1", "1"]);
      expect(disk.text(`${log}/${names.incr}`), `after ${length} bytes`).to.equal(whole);
    }
  });

  it("does not lose at the second start what was acked after the first one", async () => {
    const disk = laid({ incr: whole + records("MULTI", "SET a 2") + torn.slice(0, 9) });
    const first = await serve(settings, disk);
    first.peer.ask("SET new value");
    const second = await serve(settings, disk.powerCut());
    expect(get(second, "a", "new")).to.deep.equal(["1", "value"]);
  });

  it("would lose it where the cut goes behind the last record instead", async () => {
    class CutsBehindTheLastRecord extends AofLoader {
      protected override cutAt(behindLastRecord: number): number {
        return behindLastRecord;
      }
    }
    const disk = laid({ incr: whole + records("MULTI", "SET a 2") + torn.slice(0, 9) });
    const first = await serve(settings, disk, { ...correctParts, AofLoader: CutsBehindTheLastRecord });
    first.peer.ask("SET new value");
    const second = await serve(settings, disk.powerCut());
    expect(get(second, "new")).to.deep.equal([null]);
  });

  it("ends the start with aof-load-truncated no, and stays as it is", async () => {
    for (const text of [whole + torn.slice(0, 9), whole + records("MULTI", "SET a 2")]) {
      const disk = laid({ incr: text });
      const said = await refusal({ ...settings, "aof-load-truncated": false }, disk);
      expect(said).to.contain("Unexpected end of file reading the append only file");
      expect(disk.text(`${log}/${names.incr}`)).to.equal(text);
    }
  });

  it("ends the start when it is not the last file, and stays as it is", async () => {
    const disk = laid({ incr: whole + torn.slice(0, 9), last: record("SET d 1") });
    expect(await refusal(settings, disk)).to.contain("the truncated file is not the last file");
    expect(disk.text(`${log}/${names.incr}`)).to.equal(whole + torn.slice(0, 9));
  });

  it("may be the base of a single-file log, whose RDB part is never cut", async () => {
    const first = await serve({ ...settings, "aof-use-rdb-preamble": true });
    first.peer.ask("SET a 1", "BGREWRITEAOF");
    await first.world.pass();
    const rdb = first.disk.text(`${log}/appendonly.aof.2.base.rdb`);
    const disk = new FakeDisk("/d");
    disk.put("/d/appendonly.aof", rdb + record("SET b 1") + torn.slice(0, 5));
    const served = await serve(settings, disk);
    expect(get(served, "a", "b")).to.deep.equal(["1", "1"]);
    expect(disk.text(`${log}/appendonly.aof`)).to.equal(rdb + record("SET b 1"));
  });
});

describe("a log that is damaged", () => {
  const whole = records("SET a 1", "SET b 1");

  for (const [what, bytes] of [
    ["letters", "!!!"],
    ["NUL bytes", "\0".repeat(512)],
    ["a blank line", "\r\n"],
    ["a count of 0", "*0\r\n"],
  ] as const) {
    it(`ends the start with path and offset, and stays as it is: ${what} at the end`, async () => {
      const disk = laid({ incr: whole + bytes });
      const said = await refusal(settings, disk);
      expect(said).to.contain("Bad file format reading the append only file appendonly.aof.1.incr.aof");
      expect(said).to.contain(`${log}/${names.incr}: damaged at offset ${whole.length}`);
      expect(disk.text(`${log}/${names.incr}`)).to.equal(whole + bytes);
      expect(disk.journal).to.deep.equal([]);
    });
  }

  it("ends the start at a command that is not known", async () => {
    const said = await refusal(settings, laid({ incr: whole + record("BLA foo hello") + whole }));
    expect(said).to.match(
      /Unknown command 'BLA' reading the append only file appendonly.aof.1.incr.aof .* offset 54: /,
    );
  });

  it("ends the start when an RDB base is short or its checksum is wrong", async () => {
    const first = await serve({ ...settings, "aof-use-rdb-preamble": true });
    first.peer.ask("SET a 1", "BGREWRITEAOF");
    await first.world.pass();
    const path = `${log}/appendonly.aof.2.base.rdb`;
    const good = first.disk.text(path);
    const flipped = good.replace("redis-bits", "redis-bitz");
    for (const bad of [good.slice(0, -20), good.slice(0, 12), flipped]) {
      const disk = first.disk.killed();
      disk.put(path, bad);
      expect(await refusal(settings, disk)).to.contain("Error reading the RDB base file appendonly.aof.2.base.rdb");
      expect(disk.text(path)).to.equal(bad);
    }
  });

  it("ends the start when a file that the manifest names is gone", async () => {
    const disk = laid({ base: whole, incr: whole });
    disk.remove(`${log}/${names.base}`);
    disk.journal.length = 0;
    expect(await refusal(settings, disk)).to.match(/appendonly.aof.1.base.aof .*No such file or directory/);
    expect(disk.journal).to.deep.equal([]);
  });
});
