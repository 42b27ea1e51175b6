/** Shards and what becomes of them, by the words that their users type, on the simulated store and on a real one. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { outcomeSchema } from "../../reports/outcome.ts";
import { fakeSurroundings } from "../../tests/fake-surroundings.ts";
import { needExecutable } from "../../tests/needs.ts";
import { runScenario } from "../run.ts";
import { main } from "./program.ts";

/** Short worlds: what is tested is the sum, not the store. One in two finds what only the documentation promises. */
const swarm = `
name: shards
why: Many small worlds, shared by several machines.
target: simulated
suits: { targets: [simulated], volumes: [simulated] }
presets: [everysec, rdb-only]
workload: { calls: 200, clients: 2 }
fault: { kind: power-cut, lastsMs: [500, 1500], swarm: true, setsMax: 2, models: [ordered, torn, strict] }
budget: { runs: 5 }
needs: { acks: 1 }
`;

/** Dies after so many acks, not so many milliseconds: a busy machine takes longer and judges the same. */
const kills = `
name: kills
why: A store dies while it is being written to, on several machines.
presets: [always]
workload: { calls: 5000 }
fault: { kind: kill, trigger: { kind: after-acks, acks: [100, 300] } }
budget: { runs: 3 }
needs: { acks: 50 }
`;

describe("shards of one night", function () {
  this.timeout(180_000);
  const folder = mkdtempSync(path.join(tmpdir(), "shards-"));
  const at = (...names: string[]) => path.join(folder, ...names);
  const seed = `night-${Date.now()}`;
  after(() => rmSync(folder, { recursive: true, force: true }));

  const lossbound = async (...words: string[]) => {
    const around = fakeSurroundings(runScenario);
    const code = await main(words, around);
    return { code, out: around.stdout(), err: around.stderr() };
  };
  const play = (out: string, ...words: string[]) =>
    lossbound("run", at("shards.yaml"), "--seed", seed, "--out", at(out), ...words);
  const shard = (name: string, which: string) =>
    play(`out-${name}`, "--shard", which, "--reporter", `blob=${at("blobs", `${name}.blob`)}`);
  /** Apart from times, which two runs of one process do not share either. */
  const withoutTimes = (json: string) => {
    const { startedAt, durationMs, ...outcome } = outcomeSchema.parse(JSON.parse(json));
    expect([startedAt, durationMs]).to.not.include(undefined);
    const runs = outcome.runs.map((run) => ({ ...run, crashStates: { ...run.crashStates, perSecond: 0 } }));
    return JSON.stringify({ ...outcome, runs }, null, 1);
  };

  before(async () => {
    writeFileSync(at("shards.yaml"), swarm);
    mkdirSync(at("blobs"));
    for (const index of [1, 2, 3, 4]) {
      const { code, err } = await shard(`${index}`, `${index}/4`);
      expect(code, err).to.be.oneOf([0, 1, 5]);
      expect(err).to.match(/2 runs, [24] cycles {2}shard \d\/4 {2}seed night-\d+\n/);
    }
  });

  it("with one of them played twice give byte for byte what one process gives", async () => {
    await shard("2-again", "2/4");
    const alone = await play("alone", "--json");
    const merged = await lossbound("merge", at("blobs"), "--out", at("merged"), "--json");
    rmSync(at("blobs", "2-again.blob"));
    expect(merged.err).to.equal("shard 2 of 4 is there twice, and counts once\n");
    expect(withoutTimes(merged.out), `seed ${seed}`).to.equal(withoutTimes(alone.out));
    expect(merged.code).to.equal(alone.code);
    const recorded = outcomeSchema.parse(JSON.parse(merged.out)).runs.map((run) => run.calls.invoked);
    expect(recorded.every((calls) => calls > 9)).to.equal(true);
    const { runs } = outcomeSchema.parse(JSON.parse(merged.out));
    expect(runs.map(({ durability }) => durability?.why)).to.include("there is no log");
    expect(runs.some(({ durability }) => (durability?.measured ?? 0) > 0)).to.equal(true);
  });

  it("with one of them missing are not known, and it is said which", async () => {
    mkdirSync(at("three"));
    for (const index of [1, 2, 4]) copyFileSync(at("blobs", `${index}.blob`), at("three", `${index}.blob`));
    const { code, out, err } = await lossbound("merge", at("three"), "--out", at("merged"), "--json");
    expect(err).to.equal("shard 3 of 4 is missing\n");
    const { runs } = outcomeSchema.parse(JSON.parse(out));
    for (const { verdict, why } of runs) {
      expect(verdict).to.be.oneOf(["violated", "unknown"]);
      if (verdict === "unknown") expect(why).to.equal("shard 3 of 4 is missing");
    }
    expect(code).to.be.oneOf([1, 5]);
  });

  it("of different seeds, or of another version, are refused", async () => {
    mkdirSync(at("mixed"));
    const text = readFileSync(at("blobs", "1.blob"), "utf8");
    const versions = JSON.parse(text) as { outcome: { version: string; seed: string } };
    const write = (name: string, outcome: object) =>
      writeFileSync(at("mixed", name), JSON.stringify({ ...versions, outcome: { ...versions.outcome, ...outcome } }));
    write("1.blob", {});
    write("2.blob", { seed: "another" });
    const mixed = await lossbound("merge", at("mixed"), "--out", at("merged"));
    expect([mixed.code, mixed.err]).to.deep.equal([
      2,
      `the blobs in ${at("mixed")} have different seeds: another, ${seed}\n`,
    ]);
    write("2.blob", { version: "9.9.9" });
    const newer = await lossbound("merge", at("mixed"), "--out", at("merged"));
    expect([newer.code, /is of lossbound 9\.9\.9, and this is /.test(newer.err)]).to.deep.equal([2, true]);
  });

  it("need a seed, and a number that there is", async () => {
    const words = ["run", at("shards.yaml"), "--out", at("none")];
    const unseeded = await lossbound(...words, "--shard", "1/4");
    expect([unseeded.code, unseeded.err]).to.deep.equal([2, "--shard needs --seed: the same one on every machine\n"]);
    for (const wrong of ["0/4", "5/4", "1", "a/b"]) {
      const { code } = await lossbound(...words, "--seed", "s", "--shard", wrong);
      expect(code, wrong).to.equal(2);
    }
    expect((await lossbound("merge", at("nowhere"))).code).to.equal(2);
    mkdirSync(at("empty"));
    expect((await lossbound("merge", at("empty"))).code).to.equal(4);
  });

  it("of kills of a real store are added up cycle by cycle", async function () {
    const redis = needExecutable(this, "redis-server");
    mkdirSync(at("kills"));
    writeFileSync(at("kills.yaml"), kills);
    for (const index of [1, 2]) {
      const { code, err } = await lossbound(
        ...["run", at("kills.yaml"), "--target", redis, "--seed", seed],
        ...["--out", at("killed"), "--shard", `${index}/2`, "--reporter", `blob=${at("kills", `${index}.blob`)}`],
      );
      expect(code, err).to.equal(0);
    }
    const { code, out, err } = await lossbound("merge", at("kills"), "--out", at("merged"), "--json");
    const { runs, statistics } = outcomeSchema.parse(JSON.parse(out));
    expect([code, runs[0]?.crashStates.judged, statistics.kills], err).to.deep.equal([0, 3, 3]);
  });
});
