import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Launcher } from "./launcher.ts";
import { NotStarted } from "./spawn.ts";
import { spawnHere } from "./spawn-here.ts";

describe("whoever starts processes", function () {
  this.timeout(20_000);
  let folder: string;
  let launcher: Launcher;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "launcher-"));
    launcher = new Launcher();
  });
  afterEach(async () => {
    await launcher.close();
    rmSync(folder, { recursive: true });
  });

  const spawners = () => [launcher.spawn, spawnHere];
  const order = (command: string, ...args: string[]) => {
    const logFile = path.join(folder, "log");
    return { command, args, cwd: folder, logFile, environment: { WORD: "heard" } };
  };

  it("tells the pid, and how it ended; both outputs are in its log", async () => {
    for (const spawn of spawners()) {
      const script = 'echo "$$ $WORD $PWD"; echo trouble >&2; exit 7';
      const { pid, ended } = await spawn(order("sh", "-c", script));
      expect(await ended).to.deep.equal({ exitCode: 7, signal: null });
      const log = readFileSync(path.join(folder, "log"), "utf8");
      expect(log).to.include(`${pid} heard ${folder}\n`).and.to.include("trouble");
    }
  });

  it("tells of a kill, and starts it as the leader of a group of its own", async () => {
    for (const spawn of spawners()) {
      const { pid, ended } = await spawn(order("sleep", "60"));
      process.kill(-pid, "SIGKILL");
      expect(await ended).to.deep.equal({ exitCode: null, signal: "SIGKILL" });
    }
  });

  it("says what cannot be started", async () => {
    for (const spawn of spawners()) {
      const error = await spawn(order(path.join(folder, "nothing-here"))).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(NotStarted);
      expect((error as Error).message).to.include("nothing-here");
    }
  });

  it("starts nothing any more once it is closed", async () => {
    await launcher.close();
    const error = await launcher.spawn(order("true")).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error);
  });
});
