import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { serve } from "../../tests/worlds/served.ts";
import { formatRecord } from "../aof/record-buffer.ts";
import { type AofCheckOrder, checkAof } from "./check-aof.ts";

const set = formatRecord(["SET", "k", "v"]);
const [multi, exec] = [formatRecord(["MULTI"]), formatRecord(["EXEC"])];
const manifestPath = "/d/appendonlydir/appendonly.aof.manifest";
const incrPath = "/d/appendonlydir/appendonly.aof.1.incr.aof";

function check(disk: FakeDisk, path: string, order: Partial<AofCheckOrder> = {}, agrees = true) {
  const lines: string[] = [];
  const world = { disk, nowMs: 0, say: (line: string) => void lines.push(line), confirm: () => agrees };
  return { code: checkAof(path, { fix: false, untilS: undefined, ...order }, world), text: lines.join("\n") };
}

function plain(text: string): FakeDisk {
  const disk = new FakeDisk("/d");
  disk.put("/d/a.aof", text);
  return disk;
}

describe("lossbound-check-aof", () => {
  it("finds a sound file valid, an empty one empty, and a missing one missing", () => {
    const found = check(plain(`#TS:1\r\n${set}${multi}${set}${exec}`), "/d/a.aof");
    expect(found.code).to.equal(0);
    expect(found.text).to.contain("Start checking Old-Style AOF").and.to.contain("AOF /d/a.aof is valid");
    expect(check(plain(""), "/d/a.aof")).to.include({ code: 0 });
    expect(check(plain(""), "/d/b.aof")).to.deep.equal({
      code: 1,
      text: "Cannot open file /d/b.aof: No such file or directory",
    });
  });

  const broken: readonly [what: string, end: string, trouble: RegExp][] = [
    ["ends within a record", set.slice(0, -3), /ends within a record/],
    ["ends within a transaction", multi + set, /Reached EOF before reading EXEC for MULTI/],
    ["has no line end behind an argument", set.replace("v\r\n", "v\0\0"), /a line end behind an argument/],
    ["has an EXEC alone", exec, /Unexpected EXEC/],
    ["holds NUL bytes", "\0".repeat(64), /a record begins with/],
  ];
  for (const [what, end, trouble] of broken) {
    it(`says up to where a file is sound that ${what}, and cuts it there when told to, and asked again`, () => {
      const disk = plain(set + end);
      const found = check(disk, "/d/a.aof");
      expect(found.code).to.equal(1);
      expect(found.text)
        .to.match(trouble)
        .and.to.contain(`ok_up_to=${set.length}, ok_up_to_line=8, diff=${end.length}`);
      expect(found.text).to.contain("is not valid. Use the --fix option to try fixing it.");
      expect(check(disk, "/d/a.aof", { fix: true }, false).text).to.contain("Aborting...");
      expect(disk.text("/d/a.aof")).to.equal(set + end);
      const fixed = check(disk, "/d/a.aof", { fix: true });
      expect(fixed.text).to.contain("Successfully truncated AOF /d/a.aof");
      expect(fixed.code).to.equal(0);
      expect(disk.powerCut().text("/d/a.aof")).to.equal(set);
    });
  }

  it("cuts back to a time, but no file that others follow, and not to nothing", () => {
    const text = `#TS:10\r\n${set}#TS:20\r\n${set}#TS:30\r\n${set}`;
    const disk = plain(text);
    expect(check(disk, "/d/a.aof", { untilS: 30 }).text).to.contain("Truncate nothing in AOF");
    expect(check(disk, "/d/a.aof", { untilS: 9 })).to.include({ code: 1 });
    expect(disk.text("/d/a.aof")).to.equal(text);
    const cut = check(disk, "/d/a.aof", { untilS: 20 });
    expect(cut.text).to.contain("Successfully truncated AOF /d/a.aof to timestamp 20");
    expect(disk.powerCut().text("/d/a.aof")).to.equal(`#TS:10\r\n${set}#TS:20\r\n${set}`);
  });

  it("goes through base and incr files of a manifest, and cuts only the last one", async () => {
    const { disk, peer } = await serve({ appendonly: true, appendfsync: "always" });
    peer.ask("SET a 1");
    const whole = check(disk, manifestPath);
    expect(whole).to.include({ code: 0 });
    for (const line of [
      "Start checking Multi Part AOF",
      "Start to check BASE AOF (RDB format).",
      "BASE AOF appendonly.aof.1.base.rdb is valid",
      "INCR AOF appendonly.aof.1.incr.aof is valid",
      "All AOF files and manifest are valid",
    ]) {
      expect(whole.text).to.contain(line);
    }
    disk.put(incrPath, disk.text(incrPath).slice(0, -1));
    peer.ask("BGREWRITEAOF");
    disk.put(manifestPath, `${disk.text(manifestPath)}file appendonly.aof.9.incr.aof seq 9 type i\n`);
    disk.put("/d/appendonlydir/appendonly.aof.9.incr.aof", set);
    expect(check(disk, manifestPath, { fix: true })).to.include({ code: 1 });
    disk.put(manifestPath, "file a seq 0 type b\n");
    expect(check(disk, manifestPath).text).to.contain("Invalid AOF manifest, at line 1");
  });

  it("verifies batches, and keeps what it cuts off them", async () => {
    const { disk, peer, world } = await serve({ appendonly: true, "lossbound-aof-batch-checksum": true });
    peer.ask("SET a 1");
    await world.pass(3000);
    expect(check(disk, manifestPath)).to.include({ code: 0 });
    const sound = disk.text(incrPath);
    disk.put(incrPath, sound.replace("$1\r\n1\r\n", "$1\r\n2\r\n"));
    const rotten = check(disk, manifestPath);
    expect(rotten.code).to.equal(1);
    expect(rotten.text).to.contain("a whole batch expected: the file was durable up to");
    expect(check(disk, manifestPath, { fix: true })).to.include({ code: 0 });
    expect(disk.files().some((path) => path.includes(".cut-"))).to.equal(true);
    const again = await serve({ appendonly: true, "lossbound-aof-batch-checksum": true }, disk.killed());
    expect(again.peer.ask("GET a")).to.equal("$-1\r\n");
  });
});
