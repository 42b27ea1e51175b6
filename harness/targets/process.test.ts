import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { needExecutable } from "../../tests/needs.ts";
import type { Reply } from "../recording/history.ts";
import { RunFolder } from "../run-folder.ts";
import { ProcessTarget, processDefaults } from "./process.ts";
import { findProcess } from "./process-table.ts";
import { RefusedToStart, type RespClient, TargetUnavailable } from "./target.ts";

describe("a store as a process", () => {
  let parent: string;
  let run: RunFolder;
  let redis: ProcessTarget;
  beforeEach(function () {
    parent = mkdtempSync(path.join(tmpdir(), "process test "));
    run = new RunFolder(parent);
    redis = target(needExecutable(this, "redis-server"));
  });
  afterEach(async () => {
    await run.dispose();
    rmSync(parent, { recursive: true });
  });

  function target(executable: string, listen: "socket" | "port" = "socket"): ProcessTarget {
    return new ProcessTarget(
      { ...processDefaults, name: executable, kind: "executable", command: [executable], listen },
      run,
    );
  }

  it("says its name and version itself", async () => {
    const identity = await redis.identify([["save", ""]]);
    expect(identity.name).to.equal("redis-server");
    expect(identity.version).to.match(/^\d+\.\d+\.\d+$/);
  });

  it("serves on a socket or on a free port, in a folder whose name has blanks", async () => {
    for (const listen of ["socket", "port"] as const) {
      const volume = run.newVolume();
      const instance = await target(redis.name, listen).start(volume, [["appendonly", "yes"]]);
      const client = await instance.connect();
      expect(await client.send(["SET", "\xff\r\n", "\x00\x80"])).to.deep.equal({ kind: "string", value: "OK" });
      expect(await client.send(["GET", "\xff\r\n"])).to.deep.equal({ kind: "string", value: "\x00\x80" });
      expect(await client.send(["NONSENSE"])).to.have.property("kind", "error");
      expect([...(await volume.image()).keys()]).to.include("appendonlydir/appendonly.aof.manifest");
      expect(await instance.stop()).to.deep.equal({ exitCode: 0, signal: null });
    }
  });

  it("speaks both protocols and gives the same replies in both", async () => {
    const instance = await redis.start(run.newVolume(), [["save", ""]]);
    const replies: Reply[][] = [];
    for (const protocol of [2, 3] as const) {
      const client = await instance.connect({ protocol });
      replies.push(await client.together(() => everyForm(client)));
    }
    expect(replies[1]).to.deep.equal(replies[0]);
    expect(replies[0]).to.deep.include({ kind: "string", value: "1.5" });
    expect(replies[0]).to.deep.include({ kind: "nil" });
    await instance.kill("tree");
  });

  it("refuses to start with the reason that the store logged", async () => {
    const refusal = await redis.start(run.newVolume(), [["no-such-directive", "yes"]]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).to.be.instanceOf(RefusedToStart);
    expect((refusal as RefusedToStart).ending.exitCode).to.equal(1);
    expect((refusal as RefusedToStart).lastLogLines.join("\n")).to.include("no-such-directive");
  });

  it("gives up on a process that never serves, and ends it", async () => {
    const sleeper = path.join(parent, "sleeper");
    writeFileSync(sleeper, "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
    const instance = await target(sleeper).launch(run.newVolume(), []);
    const refusal = await instance.ready(50).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).to.be.instanceOf(RefusedToStart);
    expect((refusal as RefusedToStart).message).to.include("does not serve after 50 ms");
    expect(findProcess(instance.pid)).to.equal(undefined);
  });

  it("says what is wrong with an executable that cannot be started", async () => {
    const outcome = await target(path.join(parent, "nothing-here"))
      .start(run.newVolume(), [])
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(outcome).to.be.instanceOf(TargetUnavailable);
    expect((outcome as Error).message).to.include("nothing-here");
  });

  it("kills the process alone and leaves its saver, or takes the whole tree", async () => {
    for (const scope of ["process", "tree"] as const) {
      // A saver that takes its time over every key is there for long enough to be looked at.
      const instance = await redis.start(run.newVolume(), [
        ["save", ""],
        ["rdb-key-save-delay", "100000"],
      ]);
      const client = await instance.connect();
      for (let key = 0; key < 100; key++) await client.send(["SET", `k${key}`, "v"]);
      await client.send(["BGSAVE"]);
      const [saver] = instance.savers();
      expect(saver).to.be.a("number");
      await instance.kill(scope);
      expect((await instance.ended).signal).to.equal("SIGKILL");
      expect(findProcess(saver as number) !== undefined, `saver lives after a kill of the ${scope}`).to.equal(
        scope === "process",
      );
      await instance.kill("tree");
      expect(findProcess(saver as number)).to.equal(undefined);
    }
  });

  it("asks for the password that its config sets", async () => {
    const instance = await redis.start(run.newVolume(), [["requirepass", "a b"]]);
    expect(await (await instance.connect()).send(["PING"])).to.deep.equal({ kind: "string", value: "PONG" });
    await instance.kill("tree");
  });

  it("keeps everything of an instance but its data outside the volume", async () => {
    const volume = run.newVolume();
    const instance = await redis.start(volume, [["save", ""]]);
    expect([...(await volume.image()).keys()]).to.deep.equal([]);
    expect(existsSync(path.join(run.dir, "i1", "store.conf"))).to.equal(true);
    expect(instance.lastLogLines(3).join("")).to.include("ready to accept connections");
    await instance.kill("tree");
  });
});

function everyForm(client: RespClient): Promise<Reply[]> {
  return Promise.all([
    client.send(["FLUSHALL"]),
    client.send(["ZADD", "z", "1.5", "a"]),
    client.send(["ZSCORE", "z", "a"]),
    client.send(["ZRANGE", "z", "0", "-1", "WITHSCORES"]),
    client.send(["ZADD", "popped", "1", "a", "2.25", "b"]),
    client.send(["ZPOPMIN", "popped", "2"]),
    client.send(["HSET", "h", "f", "v"]),
    client.send(["HRANDFIELD", "h", "1", "WITHVALUES"]),
    client.send(["HGETALL", "h"]),
    client.send(["SADD", "s", "m"]),
    client.send(["SMEMBERS", "s"]),
    client.send(["GET", "missing"]),
    client.send(["GET", "z"]),
    client.send(["MULTI"]),
    client.send(["INCR", "z"]),
    client.send(["INCR", "n"]),
    client.send(["EXEC"]),
  ]);
}
