/** The command as its users know it: a process with pipes, signals and an exit code, against a real redis-server. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { outcomeSchema } from "../../reports/outcome.ts";
import { needExecutable } from "../needs.ts";

/** Dies after so many acks, not so many milliseconds: a busy machine takes longer and judges the same. */
const scenario = `
name: story
why: A store dies while it is being written to.
suits: { presets: [always, everysec, os-decides] }
presets: [always]
workload: { profile: mixed, calls: 20000 }
fault: { kind: kill, trigger: { kind: after-acks, acks: [100, 300] } }
budget: { runs: 2 }
needs: { acks: 100, windows: [load] }
`;

const main = path.resolve(import.meta.dirname, "../../harness/cli/main.js");

describe("the command lossbound", function () {
  this.timeout(120_000);
  let folder: string;
  let redis: string;

  beforeEach(function () {
    redis = needExecutable(this, "redis-server");
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-story-"));
    writeFileSync(path.join(folder, "story.yaml"), scenario);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Works in a folder of its own, temporary files included: whatever is left behind is left there. */
  const start = (...words: string[]) =>
    execa(process.execPath, [main, ...words], {
      cwd: folder,
      reject: false,
      buffer: true,
      env: { TMPDIR: folder, NO_COLOR: "1" },
    });

  const outcome = () =>
    outcomeSchema.parse(JSON.parse(readFileSync(path.join(folder, "results/latest/outcome.json"), "utf8")));

  /** Stores, probes and savers of a run stand in its folder, or are started with a path of it; a store has its own title. */
  const leftProcesses = (): string[] =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        const folderOf = orNothing(() => readlinkSync(`/proc/${pid}/cwd`));
        return `${folderOf} ${orNothing(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))}`;
      })
      .filter((line) => line.includes(folder));

  const leftFolders = (): string[] => readdirSync(folder).filter((name) => name.startsWith("lossbound-"));

  it("kills redis-server, judges what comes back, and in a pipe prints the outcome and nothing else", async () => {
    const words = ["run", "story.yaml", "--target", redis, "--preset", "always", "--runs", "5", "--json"];
    const { stdout, stderr, exitCode } = await start(...words, "--seed", "story");
    const printed = outcomeSchema.parse(JSON.parse(stdout));
    expect(printed).to.deep.equal(outcome());
    expect(printed.environment.targets[0]?.name).to.equal("redis-server");
    expect({ exitCode, verdict: printed.verdict }, stderr).to.deep.equal({ exitCode: 0, verdict: "held" });
    expect(stderr).to.match(
      /^lossbound \S+ {2}1 run, 5 cycles {2}seed story\n(\[.*\n)*\[.*\] 1\/1 story · always · .*: held, /,
    );
    expect([leftFolders(), leftProcesses()]).to.deep.equal([[], []]);
  });

  it("ends at Ctrl-C: what was found is written, the code is 130, no process and no folder is left", async () => {
    const presets = ["--preset", "always", "--preset", "everysec", "--preset", "os-decides"];
    const running = start("run", "story.yaml", "--target", redis, ...presets, "--runs", "4");
    await lineOn(running.stderr, "1/3 ");
    running.kill("SIGINT");
    const { exitCode, stdout } = await running;
    expect(exitCode).to.equal(130);
    expect(stdout).to.contain("Interrupted: this is what was found so far.");
    expect(outcome().runs).to.not.be.empty;
    expect([leftFolders(), leftProcesses()]).to.deep.equal([[], []]);
  });

  it("killed itself, leaves what it had, and the next start sweeps what it left", async () => {
    const presets = ["--preset", "always", "--preset", "everysec"];
    const running = start("run", "story.yaml", "--target", redis, ...presets, "--runs", "4");
    await lineOn(running.stderr, "1/2 ");
    // In the second run, once it has made something that can be left behind.
    while (leftFolders().length === 0) await sleep(2);
    running.kill("SIGKILL");
    await running;
    expect(outcome().runs).to.have.length(1);
    expect(leftFolders()).to.not.be.empty;
    await start("run", "story.yaml", "--target", redis, "--preset", "always", "--runs", "1");
    expect([leftFolders(), leftProcesses()]).to.deep.equal([[], []]);
  });

  it("keeps its verdict when the reader of its output has gone", async () => {
    const running = start("run", "story.yaml", "--target", redis, "--preset", "always", "--runs", "2");
    running.stdout.destroy();
    const { exitCode } = await running;
    expect(exitCode).to.equal(0);
    expect(outcome().verdict).to.equal("held");
  });

  it("says with exit code 3 that a target is not there, and leaves no result", async () => {
    const { exitCode, stderr } = await start("run", "kill/random", "--target", "/nowhere/redis-server");
    expect(exitCode).to.equal(3);
    expect(stderr).to.contain("/nowhere/redis-server");
    expect(existsSync(path.join(folder, "results/latest"))).to.equal(false);
  });

  it("says with exit code 2 that what is to be replayed is no bundle", async () => {
    const { exitCode, stderr } = await start("replay", main);
    expect(exitCode).to.equal(2);
    expect(stderr).to.contain(main);
  });
});

/** Empty for a process that has ended meanwhile, or is not ours to ask about. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** Resolves when the stream has said `text`. */
async function lineOn(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(text)) resolve();
    });
    stream.on("end", () => {
      reject(new Error(`it ended without "${text}": ${said}`));
    });
  });
}
