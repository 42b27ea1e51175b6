import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { fakeSurroundings } from "../../tests/fake-surroundings.ts";
import { main } from "./program.ts";

describe("lossbound init", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-init-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const init = async (...words: string[]) => {
    const around = fakeSurroundings();
    const code = await main(["init", "--dir", folder, ...words], around);
    return { code, stdout: around.stdout(), stderr: around.stderr() };
  };
  const written = (name: string) => readFileSync(path.join(folder, name), "utf8");

  it("writes a scenario that runs as it is, on the store and with the preset that were asked for", async () => {
    expect((await init("--target", "/usr/bin/redis-server", "--preset", "always")).code).to.equal(0);
    expect(written("lossbound/night.yaml")).to.match(/^# yaml-language-server: \$schema=.*scenario\.schema\.json\n/);
    const around = fakeSurroundings();
    const words = [
      "run",
      path.join(folder, "lossbound/night.yaml"),
      "--runs",
      "1",
      "--out",
      path.join(folder, "results"),
    ];
    expect(await main(words, around), around.stderr()).to.equal(0);
    const [request] = around.requests;
    expect(request?.target).to.equal("/usr/bin/redis-server");
    expect(request?.preset.name).to.equal("always");
  });

  it("writes a workflow that runs it every night, keeps the history, and uploads what was found", async () => {
    await init("--target", "/usr/bin/redis-server");
    const { on, jobs } = parse(written(".github/workflows/lossbound.yml")) as {
      on: { schedule: unknown[] };
      jobs: { night: { steps: { run?: string; uses?: string; if?: string }[] } };
    };
    expect(on.schedule).to.have.length(1);
    const { steps } = jobs.night;
    expect(steps.flatMap(({ run }) => run ?? []).join("\n")).to.match(/lossbound@\S+ run lossbound\/night\.yaml/);
    expect(steps.flatMap(({ uses }) => uses?.split("@")[0] ?? [])).to.include.members([
      "actions/cache",
      "actions/upload-artifact",
    ]);
    expect(steps.at(-1)?.if, "what was found is wanted most when the night failed").to.equal("always()");
  });

  it("writes a matrix of shards for several machines, all of one seed, and a job that merges them whatever happened", async () => {
    await init("--shards", "4");
    const { jobs } = parse(written(".github/workflows/lossbound.yml")) as {
      jobs: Record<"shard" | "merge", { strategy?: object; needs?: string; if?: string; steps: { run?: string }[] }>;
    };
    expect(jobs.shard.strategy).to.deep.equal({ "fail-fast": false, matrix: { shard: [1, 2, 3, 4] } });
    const [played = ""] = jobs.shard.steps.flatMap(({ run }) => run ?? []);
    expect(played).to.match(
      / --seed night-\$\{\{ github\.run_id \}\} --shard \$\{\{ matrix\.shard \}\}\/4 --reporter blob=blobs\//,
    );
    expect([jobs.merge.needs, jobs.merge.if]).to.deep.equal(["shard", "always()"]);
    expect(jobs.merge.steps.flatMap(({ run }) => run ?? []).join("\n")).to.match(/lossbound@\S+ merge shards /);
    const { code } = await init("--shards", "0");
    expect(code).to.equal(2);
  });

  it("never touches what is there already, and says so", async () => {
    await init();
    writeFileSync(path.join(folder, "lossbound/night.yaml"), "mine\n");
    rmSync(path.join(folder, ".github"), { recursive: true });
    const { code, stdout } = await init();
    expect(code).to.equal(0);
    expect(written("lossbound/night.yaml")).to.equal("mine\n");
    expect(stdout).to.contain(`left      ${path.join(folder, "lossbound/night.yaml")}: it is there already`);
    expect(stdout).to.contain("wrote     ");
  });

  it("writes nothing for a preset that there is not, or into a folder that cannot be", async () => {
    const misspelt = await init("--preset", "allways");
    expect(misspelt.code).to.equal(2);
    expect(misspelt.stderr).to.contain("always");
    writeFileSync(path.join(folder, "lossbound"), "a file\n");
    expect((await init()).code).to.equal(2);
  });
});
