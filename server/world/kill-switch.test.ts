import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { KillOrderError, KillSwitch, parseKillOrder } from "./kill-switch.ts";

class Killed extends Error {}

/** Runs steps on a switched disk; gives what the disk had seen when the kill came, or undefined when it did not. */
async function stepsUntil(
  order: string,
  steps: (disk: KillSwitch) => void | Promise<void>,
): Promise<string[] | undefined> {
  const disk = new FakeDisk("/d");
  const switched = new KillSwitch(disk, parseKillOrder(order), () => {
    throw new Killed();
  });
  try {
    await steps(switched);
    return undefined;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return disk.journal;
  }
}

const write = (disk: KillSwitch) => {
  const file = disk.open("/d/a.1.incr.aof", "append");
  file.append(Buffer.from("one"));
  file.syncNow();
  file.append(Buffer.from("two"));
  file.syncNow();
  file.close();
};

describe("the kill switch", () => {
  it("kills before a sync: what was written is written, and the sync has not begun", async () => {
    expect(await stepsUntil("before:sync:2:*.incr.aof:process", write)).to.deep.equal([
      "create /d/a.1.incr.aof",
      "write /d/a.1.incr.aof 3",
      "sync /d/a.1.incr.aof",
      "write /d/a.1.incr.aof 3",
    ]);
  });

  it("kills after an operation, before anything else is done", async () => {
    expect(await stepsUntil("after:write:1:a.*:process", write)).to.deep.equal([
      "create /d/a.1.incr.aof",
      "write /d/a.1.incr.aof 3",
    ]);
    expect(await stepsUntil("after:create:1:*.aof:process", write)).to.deep.equal(["create /d/a.1.incr.aof"]);
  });

  it("counts syncs on this thread and on another one alike, and kills at the side of one in the background", async () => {
    const mixed = async (disk: KillSwitch) => {
      const file = disk.open("/d/a", "create");
      file.syncNow();
      await file.sync();
      file.append(Buffer.from("x"));
      await file.sync();
      file.append(Buffer.from("y"));
    };
    expect(await stepsUntil("after:sync:3:a:process", mixed)).to.deep.equal([
      "create /d/a",
      "sync /d/a",
      "sync-start /d/a",
      "sync-end /d/a",
      "write /d/a 1",
      "sync /d/a",
    ]);
    expect((await stepsUntil("before:sync:3:a:process", mixed))?.at(-1)).to.equal("write /d/a 1");
  });

  it("knows a rename by its new name, and folders by their own", async () => {
    const publish = async (disk: KillSwitch) => {
      disk.open("/d/temp-a", "create").close();
      disk.rename("/d/temp-a", "/d/a.manifest");
      await disk.syncDirInBackground("/d");
      disk.remove("/d/a.manifest");
    };
    expect((await stepsUntil("before:rename:1:a.manifest:process", publish))?.at(-1)).to.equal("create /d/temp-a");
    expect((await stepsUntil("after:syncdir:1:d:process", publish))?.at(-1)).to.equal("syncdir /d");
    expect((await stepsUntil("before:unlink:1:/d/*:process", publish))?.at(-1)).to.equal("syncdir /d");
  });

  it("counts only what comes after so many writes to any file", async () => {
    const twoFiles = (disk: KillSwitch) => {
      const other = disk.open("/d/other", "create");
      other.append(Buffer.from("x"));
      write(disk);
      other.append(Buffer.from("y"));
      other.syncNow();
    };
    const after = await stepsUntil("before:sync:1@3:*.incr.aof:process", twoFiles);
    expect(after?.filter((step) => step.startsWith("sync"))).to.deep.equal(["sync /d/a.1.incr.aof"]);
    expect(after?.at(-1)).to.equal("write /d/a.1.incr.aof 3");
    expect(await stepsUntil("before:sync:2@3:*.incr.aof:process", twoFiles)).to.equal(undefined);
    expect((await stepsUntil("before:write:1@3:*:process", twoFiles))?.at(-1)).to.equal("sync /d/a.1.incr.aof");
  });

  it("takes a question mark for any one character", async () => {
    expect((await stepsUntil("before:sync:1:a.?.incr.aof:process", write))?.at(-1)).to.equal("write /d/a.1.incr.aof 3");
    expect(await stepsUntil("before:sync:1:a?incr.aof:process", write)).to.equal(undefined);
  });

  it("leaves everything else alone", async () => {
    expect(await stepsUntil("before:sync:3:*.incr.aof:process", write)).to.equal(undefined);
    expect(await stepsUntil("before:sync:1:1.incr.aof:process", write)).to.equal(undefined);
    expect(await stepsUntil("before:sync:1:*/x/*.incr.aof:process", write)).to.equal(undefined);
  });

  for (const order of [
    "",
    "before",
    "during:sync:1:*:process",
    "before:fsync:1:*:process",
    "before:sync:0:*:process",
    "before:sync:x:*:process",
    "before:sync:1@:*:process",
    "before:sync:@4:*:process",
    "before:sync:1::process",
    "before:sync:1:*:everything",
    "before:sync:1:*",
  ]) {
    it(`does not accept '${order}'`, () => {
      expect(() => parseKillOrder(order)).to.throw(KillOrderError, "expected before|after");
    });
  }

  describe("in a process", () => {
    const program = `
      const { realDisk } = await import(${JSON.stringify(fileURLToPath(new URL("./real-disk.js", import.meta.url)))});
      const { withKillSwitch } = await import(
        ${JSON.stringify(fileURLToPath(new URL("./real-kill-switch.js", import.meta.url)))});
      const disk = withKillSwitch(realDisk, process.env);
      const { spawn } = await import("node:child_process");
      const child = spawn("sleep", ["60"], { stdio: ["ignore", "inherit", "ignore"] });
      const file = disk.open(process.argv[1] + "/log", "append");
      file.append(Buffer.from("one"));
      file.syncNow();
      file.append(Buffer.from("two"));
      child.kill();`;
    let dir: string;

    beforeEach(() => {
      dir = fs.mkdtempSync(path.join(os.tmpdir(), "lossbound-kill-"));
    });

    afterEach(() => {
      fs.rmSync(dir, { recursive: true });
    });

    async function run(order: string, detached: boolean) {
      const running = spawn(process.execPath, ["--input-type=module", "-e", program, dir], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, LOSSBOUND_KILL_AT: order },
        detached,
      });
      let said = "";
      running.stderr.on("data", (bytes: Buffer) => {
        said += bytes.toString();
      });
      running.stdout.resume();
      const closed = once(running, "close");
      const [code, signal] = (await once(running, "exit")) as [number | null, string | null];
      return { running, code, signal, said, closed };
    }

    it("is a SIGKILL at exactly that operation", async () => {
      const { running, signal } = await run("before:sync:1:log:process", true);
      expect(signal).to.equal("SIGKILL");
      expect(fs.readFileSync(path.join(dir, "log"), "latin1")).to.equal("one");
      // Its child lives on, in the group that is left: that is what `process` means.
      process.kill(-(running.pid as number), "SIGKILL");
    });

    it("takes the whole group along when that is ordered", async () => {
      const { signal, closed } = await run("after:write:2:log:tree", true);
      expect(signal).to.equal("SIGKILL");
      expect(fs.readFileSync(path.join(dir, "log"), "latin1")).to.equal("onetwo");
      // The child held this pipe open.
      await closed;
    });

    it("does not start where the group is not the server's own", async () => {
      const { code, said } = await run("after:write:2:log:tree", false);
      expect(code).to.equal(1);
      expect(said).to.contain("does not lead its process group");
      expect(fs.readdirSync(dir)).to.deep.equal([]);
    });
  });
});
