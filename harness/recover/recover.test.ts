import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { needExecutable } from "../../tests/needs.ts";
import type { DirectoryVolume } from "../disk/directory-volume.ts";
import type { RecoveryFacts, ServedStart } from "../oracle/evidence.ts";
import { RunFolder } from "../run-folder.ts";
import { ProcessTarget, processDefaults } from "../targets/process.ts";
import type { Config } from "../targets/target.ts";
import { recover } from "./recover.ts";

// `always`, because a store with `everysec` may keep an acked write in memory while a sync runs: these tests end a store
// right after its last ack, and ask what is read, not what was promised.
const config: Config = [
  ["save", ""],
  ["appendonly", "yes"],
  ["appendfsync", "always"],
];

describe("recovery", () => {
  let parent: string;
  let run: RunFolder;
  let redis: ProcessTarget;
  let volume: DirectoryVolume;
  beforeEach(async function () {
    const executable = needExecutable(this, "redis-server");
    parent = mkdtempSync(path.join(tmpdir(), "recover-"));
    run = new RunFolder(parent);
    redis = target(executable);
    volume = run.newVolume();
    const instance = await redis.start(volume, config);
    const client = await instance.connect();
    await client.send(["SET", "a", "1"]);
    await client.send(["SET", "b", "2"]);
    await instance.kill("tree");
    await instance.dispose();
  });
  afterEach(async () => {
    await run.dispose();
    rmSync(parent, { recursive: true });
  });

  const target = (executable: string) =>
    new ProcessTarget({ ...processDefaults, name: executable, kind: "executable", command: [executable] }, run);
  const incr = () => path.join(volume.dir, "appendonlydir", "appendonly.aof.1.incr.aof");
  const servedBy = ({ starts }: RecoveryFacts) =>
    starts.map((start) => [...((start as ServedStart).state.get(0)?.keys() ?? [])].sort());

  it("shows what two starts in a row serve", async () => {
    const facts = await recover(redis, volume, config);
    expect(servedBy(facts)).to.deep.equal([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect((facts.starts[0] as ServedStart).tookMs).to.be.greaterThan(0);
  });

  it("keeps the exit code and the last words of a store that refuses, each time that it is asked", async () => {
    writeFileSync(incr(), "nonsense\r\n");
    const { starts } = await recover(redis, volume, config);
    expect(starts.map(({ kind }) => kind)).to.deep.equal(["refused", "refused"]);
    for (const start of starts) {
      expect(start).to.have.property("exitCode", 1);
      expect((start as { lastLogLines: readonly string[] }).lastLogLines.join("\n")).to.include("Bad file format");
    }
  });

  it("leaves a store to its own repairs: a torn tail is cut, and stays cut", async () => {
    appendFileSync(incr(), "*3\r\n$3\r\nSET\r\n$1\r\nc");
    expect(servedBy(await recover(redis, volume, config))).to.deep.equal([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("says that it is unclear when the store cannot be read, and never that it refused", async () => {
    const { starts } = await recover(redis, volume, [...config, ["rename-command", "SCAN", ""]]);
    expect(starts.map(({ kind }) => kind)).to.deep.equal(["unclear"]);
    expect((starts[0] as { why: string }).why).to.include("unknown command 'SCAN'");
  });

  it("leaves no process and no folder of an instance behind", async () => {
    await recover(redis, volume, config);
    expect(readdirSync(run.dir).sort()).to.deep.equal(["d1", "processes"]);
  });
});
