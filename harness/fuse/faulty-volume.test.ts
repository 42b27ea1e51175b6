import { expect } from "chai";
import { RecordedGround } from "../../tests/recorded/ground.ts";
import type { DiskFault, When } from "../disk/disk-fault.ts";
import type { JournalRecord } from "../recording/journal.ts";
import type { Strike } from "./fault-gate.ts";

describe("a recorded volume whose disk fails", () => {
  let ground: RecordedGround;

  beforeEach(async function () {
    ground = await RecordedGround.create(this);
  });

  afterEach(async () => {
    await ground.clear();
  });

  const arm = (...faults: readonly DiskFault[]) => ground.volume.arm(faults, "seed");
  const syncs: When = { on: ["fsync", "fdatasync"] };

  const of = <K extends JournalRecord["kind"]>(records: readonly JournalRecord[], kind: K) =>
    records.filter((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind);

  const bytesOf = async (path: string) => {
    const node = (await ground.volume.image()).get(path);
    return node?.kind === "file" ? Buffer.from(node.bytes) : undefined;
  };

  /** Tries each line of a script, and prints the code of what it throws. */
  const attempts = (...lines: readonly string[]) =>
    `const tried = [];
     const attempt = (run) => { try { tried.push(run() ?? "done"); } catch (error) { tried.push(error.code); } };
     ${lines.join("\n")}
     console.log(JSON.stringify(tried));`;

  const tryAll = async (...lines: readonly string[]) => JSON.parse(await ground.node(attempts(...lines))) as unknown[];

  describe("that is slow", () => {
    it("ends a sync as much later as it is told, which the journal shows", async () => {
      await arm({ kind: "delay", name: "slow", when: syncs, delays: { kind: "uniform", fromMs: 20, toMs: 40 } });
      await ground.node(`
        const fd = fs.openSync(at("f"), "w");
        for (let count = 0; count < 3; count++) { fs.writeSync(fd, "x"); fs.fdatasyncSync(fd); }`);
      const records = await ground.records();
      const lengthsMs = of(records, "sync-end").map(
        ({ start, stampNs }) => (stampNs - (records[start]?.stampNs ?? 0)) / 1e6,
      );
      expect(lengthsMs).to.have.length(3);
      for (const ms of lengthsMs) expect(ms).to.be.at.least(20);
      expect(of(records, "fault").map(({ fault, operation, path }) => ({ fault, operation, path }))).to.deep.equal(
        Array(3).fill({ fault: "slow", operation: "fdatasync", path: "f" }),
      );
    });

    it("covers by a sync what was written before it began, and lets others go on meanwhile", async () => {
      await arm({ kind: "stall", name: "slow", when: { ...syncs, path: "slow" } });
      const program = ground.startNode(`
        const slow = fs.openSync(at("slow"), "w");
        fs.writeSync(slow, "covered");
        fs.fsync(slow, () => undefined);
        const goOn = () => (fs.existsSync(at("begun")) ? fs.writeFileSync(at("other"), "not held up") : setTimeout(goOn, 5));
        goOn();`);
      while (of(await ground.records(), "sync-start").length === 0) await new Promise((turn) => setTimeout(turn, 5));
      await ground.shell("touch begun");
      while (!of(await ground.records(), "write").some(({ path }) => path === "other")) {
        await new Promise((turn) => setTimeout(turn, 5));
      }
      await ground.volume.disarm("slow");
      expect((await program.ended).exitCode).to.equal(0);
      const records = await ground.records();
      const [start, end] = [of(records, "sync-start")[0], of(records, "sync-end")[0]];
      const other = of(records, "write").find(({ path }) => path === "other");
      expect(other?.stampNs).to.be.within(start?.stampNs ?? 0, end?.stampNs ?? 0);
    });

    it("holds a sync that hangs until it is released, and the next one again", async () => {
      await arm({ kind: "stall", name: "hang", when: syncs });
      const program = ground.startNode(`
        const fd = fs.openSync(at("f"), "w");
        fs.fsyncSync(fd);
        fs.writeFileSync(at("first"), "");
        fs.fsyncSync(fd);
        fs.writeFileSync(at("second"), "");`);
      const untilStarted = async (count: number) => {
        while (of(await ground.records(), "sync-start").length < count)
          await new Promise((turn) => setTimeout(turn, 5));
      };
      await untilStarted(1);
      expect(of(await ground.records(), "sync-end")).to.deep.equal([]);
      await ground.volume.release("hang");
      await untilStarted(2);
      expect(of(await ground.records(), "create").map(({ path }) => path)).to.deep.equal(["f", "first"]);
      await ground.volume.disarm("hang");
      expect((await program.ended).exitCode).to.equal(0);
    });

    it("lets a process die that waits for it at once, and ends its sync all the same", async () => {
      await arm({ kind: "stall", name: "hang", when: syncs });
      const program = ground.startShell("echo bytes > f; exec sync f");
      while (of(await ground.records(), "sync-start").length === 0) await new Promise((turn) => setTimeout(turn, 5));
      process.kill(program.pid, "SIGKILL");
      expect((await program.ended).signal).to.equal("SIGKILL");
      expect(of(await ground.records(), "sync-end")).to.deep.equal([]);
      await ground.volume.release("hang");
      expect(of(await ground.records(), "sync-end").map(({ ok }) => ok)).to.deep.equal([true]);
    });

    it("does not end a write early for a signal that kills nobody", async () => {
      await arm({ kind: "delay", name: "slow", when: { on: ["write"] }, delays: { kind: "fixed", ms: 150 } });
      const { stdout } = await ground.shell(`
        trap 'echo heard' USR1
        (sleep 0.05; kill -USR1 $$) &
        echo whole > f && echo written
        wait`);
      expect(stdout).to.include("written");
      expect((await bytesOf("f"))?.toString()).to.equal("whole\n");
    });
  });

  describe("that reports errors", () => {
    it("refuses the reads, writes, openings and names that it is told to, and does nothing of them", async () => {
      await ground.node(`fs.writeFileSync(at("f"), "content");`);
      const error = (on: When["on"][number], code: "EIO" | "EROFS" | "EMFILE" | "EACCES"): DiskFault => ({
        kind: "error",
        name: `${on} fails`,
        when: { on: [on] },
        code,
      });
      await arm(error("read", "EIO"), error("rename", "EROFS"), error("unlink", "EROFS"));
      await arm(
        error("create", "EACCES"),
        error("mkdir", "EROFS"),
        error("truncate", "EIO"),
        error("fallocate", "EIO"),
      );
      const results = await tryAll(
        `attempt(() => fs.readFileSync(at("f"), "utf8"));`,
        `attempt(() => fs.renameSync(at("f"), at("g")));`,
        `attempt(() => fs.unlinkSync(at("f")));`,
        `attempt(() => fs.writeFileSync(at("new"), ""));`,
        `attempt(() => fs.mkdirSync(at("new")));`,
        `attempt(() => fs.truncateSync(at("f"), 1));`,
      );
      expect(results).to.deep.equal(["EIO", "EROFS", "EROFS", "EACCES", "EROFS", "EIO"]);
      expect([...(await ground.volume.image()).keys()]).to.deep.equal(["f"]);
      expect((await bytesOf("f"))?.toString()).to.equal("content");
      await arm(error("open", "EMFILE"));
      expect(await tryAll(`attempt(() => fs.openSync(at("f"), "r"));`)).to.deep.equal(["EMFILE"]);
    });

    it("fails the n-th write of a file, and none before or after", async () => {
      const nth = { first: 3, last: 3 };
      await arm({ kind: "error", name: "third", when: { on: ["write"], path: "*.aof", nth }, code: "EIO" });
      const results = await tryAll(
        `const [log, other] = [fs.openSync(at("a.aof"), "a"), fs.openSync(at("a.rdb"), "a")];`,
        `for (let count = 1; count <= 4; count++) { attempt(() => fs.writeSync(log, String(count))); fs.writeSync(other, "x"); }`,
      );
      expect(results).to.deep.equal([1, 1, "EIO", 1]);
      expect((await bytesOf("a.aof"))?.toString()).to.equal("124");
    });

    it("records a sync that failed as one that ended badly (S4), and the next one as good", async () => {
      await arm({ kind: "error", name: "eio", when: { ...syncs, nth: { first: 1, last: 1 } }, code: "EIO" });
      const results = await tryAll(
        `const fd = fs.openSync(at("f"), "w");`,
        `fs.writeSync(fd, "lost");`,
        `attempt(() => fs.fsyncSync(fd));`,
        `attempt(() => fs.fsyncSync(fd));`,
      );
      expect(results).to.deep.equal(["EIO", "done"]);
      expect(of(await ground.records(), "sync-end").map(({ ok }) => ok)).to.deep.equal([false, true]);
    });

    it("fails only from its moment on", async () => {
      const window = { fromMs: 3_600_000 };
      await arm({ kind: "error", name: "in an hour", when: { on: ["write"], window }, code: "EIO" });
      await arm({ kind: "error", name: "now", when: { on: ["mkdir"], window: { fromMs: 0 } }, code: "EROFS" });
      const results = await tryAll(
        `attempt(() => fs.writeFileSync(at("f"), "x"));`,
        `attempt(() => fs.mkdirSync(at("d")));`,
      );
      expect(results).to.deep.equal(["done", "EROFS"]);
    });

    it("fails the sync of a folder apart from that of a file", async () => {
      await arm({ kind: "error", name: "eio", when: { on: ["fsyncdir"] }, code: "EIO" });
      const results = await tryAll(
        `attempt(() => fs.fsyncSync(fs.openSync(at("f"), "w")));`,
        `attempt(() => fs.fsyncSync(fs.openSync(at("."), "r")));`,
      );
      expect(results).to.deep.equal(["done", "EIO"]);
      const ends = of(await ground.records(), "sync-end");
      expect(ends.map(({ ok, path }) => [ok, path])).to.deep.equal([
        [true, "f"],
        [false, ""],
      ]);
    });
  });

  describe("that is full", () => {
    it("takes what fits, says ENOSPC, and heals when the fault is disarmed", async () => {
      await ground.node(`fs.writeFileSync(at("f"), "there");`);
      await arm({ kind: "full", name: "full", freeBytes: 10 });
      const write = (text: string) => `attempt(() => fs.writeSync(fd, "${text}"));`;
      const open = `const fd = fs.openSync(at("f"), "a");`;
      expect(await tryAll(open, write("1234567"), write("8901234"), write("x"))).to.deep.equal([7, 3, "ENOSPC"]);
      expect((await ground.shell("df --output=avail -B1 . | tail -1")).stdout.trim()).to.equal("0");
      await ground.volume.disarm("full");
      expect(await tryAll(open, write("healed"))).to.deep.equal([6]);
      expect((await bytesOf("f"))?.toString()).to.equal("there1234567890healed");
    });

    it("heals by itself when its time is over", async () => {
      await arm({ kind: "full", name: "full", freeBytes: 0, window: { fromMs: 0, toMs: 500 } });
      const { stdout } = await ground.shell(`
        printf x >> f || echo full
        until printf y >> f; do sleep 0.01; done 2> /dev/null
        echo healed`);
      expect(stdout).to.equal("full\nhealed\n");
      expect((await bytesOf("f"))?.toString()).to.equal("y");
    });

    it("has room again for what is deleted", async () => {
      await ground.node(`fs.writeFileSync(at("old"), Buffer.alloc(5_000));`);
      await arm({ kind: "full", name: "full", freeBytes: 0 });
      const results = await tryAll(
        `attempt(() => fs.writeFileSync(at("new"), "x"));`,
        `fs.unlinkSync(at("old"));`,
        `attempt(() => fs.writeFileSync(at("new"), Buffer.alloc(5_000)));`,
      );
      expect(results).to.deep.equal(["ENOSPC", "done"]);
    });

    it("cuts a write short, once, where it is told to", async () => {
      await arm({ kind: "short", name: "short", when: { on: ["write"], nth: { first: 2, last: 2 } }, bytes: 3 });
      const results = await tryAll(
        `const fd = fs.openSync(at("f"), "a");`,
        `for (const text of ["one,", "two,"]) attempt(() => fs.writeSync(fd, text));`,
        `fs.closeSync(fd);`,
        `attempt(() => fs.writeSync(fs.openSync(at("f"), "r+"), "ONE"));`,
      );
      expect(results).to.deep.equal([4, 3, 3]);
      expect((await bytesOf("f"))?.toString()).to.equal("ONE,two");
    });
  });

  describe("that rots", () => {
    it("reads one bit wrong, always the same, while what is kept is right", async () => {
      const zeros = 100_000;
      await ground.node(`fs.writeFileSync(at("f"), Buffer.alloc(${zeros}));`);
      await arm({ kind: "flip", name: "rot", when: { on: ["read"], path: "f" } });
      const read = `
        const bytes = fs.readFileSync(at("f"));
        const wrong = [...bytes.entries()].filter(([, byte]) => byte !== 0);
        console.log(JSON.stringify(wrong));`;
      const wrong = JSON.parse(await ground.node(read)) as [number, number][];
      expect(wrong).to.have.length(1);
      expect([1, 2, 4, 8, 16, 32, 64, 128]).to.include(wrong[0]?.[1]);
      expect(JSON.parse(await ground.node(read))).to.deep.equal(wrong);
      expect((await bytesOf("f"))?.every((byte) => byte === 0)).to.equal(true);
      await ground.volume.disarm("rot");
    });
  });

  describe("that kills whoever asks", () => {
    const kill = (side: "before" | "after", scope: "process" | "tree", when: When): DiskFault => ({
      kind: "kill",
      name: "kill",
      when,
      side,
      scope,
    });

    const renames = (count: number) =>
      `fs.writeFileSync(at("n0"), "");
       for (let n = 0; n < ${count}; n++) fs.renameSync(at("n" + n), at("n" + (n + 1)));
       fs.writeFileSync(at("survived"), "");`;

    for (const [side, done] of [["before", 2] as const, ["after", 3] as const]) {
      it(`does so exactly ${side} the third rename: ${done} of them are in the journal, and nothing later`, async () => {
        const strikes: Strike[] = [];
        ground.volume.onStrike((strike) => strikes.push(strike));
        await arm(kill(side, "process", { on: ["rename"], path: "n*", nth: { first: 3, last: 3 } }));
        const program = ground.startNode(renames(20));
        expect((await program.ended).signal).to.equal("SIGKILL");
        const records = await ground.records();
        expect(of(records, "rename")).to.have.length(done);
        expect([...(await ground.volume.image()).keys()]).to.deep.equal([`n${done}`]);
        expect(strikes).to.deep.equal([
          { fault: "kill", operation: "rename", path: "n3", tid: program.pid, records: records.length },
        ]);
      });
    }

    it("kills before a write of which then nothing is there, and after one of which all is", async () => {
      for (const [side, text] of [["before", "12"] as const, ["after", "123"] as const]) {
        await arm(kill(side, "process", { on: ["write"], path: side, nth: { first: 3, last: 3 } }));
        const write = `for (let n = 1; n < 9; n++) fs.appendFileSync(at("${side}"), String(n));`;
        expect((await ground.startNode(write).ended).signal).to.equal("SIGKILL");
        expect((await bytesOf(side))?.toString()).to.equal(text);
        await ground.volume.disarm("kill");
      }
    });

    it("kills before a name is removed, which is then still there, and after one, which then is gone", async () => {
      await ground.node(`for (const name of ["a.log", "b.log", "a.txt"]) fs.writeFileSync(at(name), "");`);
      for (const [side, left] of [["before", ["a.log", "b.log"]] as const, ["after", ["b.log"]] as const]) {
        await arm(kill(side, "process", { on: ["unlink"], path: "a*.log" }));
        const remove = `fs.rmSync(at("a.txt"), { force: true }); fs.unlinkSync(at("a.log")); fs.unlinkSync(at("b.log"));`;
        expect((await ground.startNode(remove).ended).signal).to.equal("SIGKILL");
        expect([...(await ground.volume.image()).keys()], side).to.deep.equal(left);
        await ground.volume.disarm("kill");
      }
    });

    it("kills before a sync, which then never began, and after one, which then has ended", async () => {
      for (const [side, expected] of [["before", []] as const, ["after", ["sync-start", "sync-end"]] as const]) {
        await arm(kill(side, "process", { ...syncs, path: side }));
        const sync = `fs.fdatasyncSync(fs.openSync(at("${side}"), "w")); fs.writeFileSync(at("survived"), "");`;
        expect((await ground.startNode(sync).ended).signal).to.equal("SIGKILL");
        const seen = (await ground.records()).filter((record) => "path" in record && record.path === side);
        expect(seen.map(({ kind }) => kind).filter((kind) => kind.startsWith("sync"))).to.deep.equal(expected);
        await ground.volume.disarm("kill");
      }
    });

    it("kills the process whose thread asked, when a sync runs on a thread of its own", async () => {
      await arm(kill("before", "process", { on: ["fdatasync"] }));
      const program = ground.startNode(`
        const fd = fs.openSync(at("f"), "w");
        fs.fdatasync(fd, () => fs.writeFileSync(at("survived"), ""));
        setInterval(() => fs.writeSync(fd, "x"), 1);`);
      expect((await program.ended).signal).to.equal("SIGKILL");
      expect([...(await ground.volume.image()).keys()]).to.deep.equal(["f"]);
    });

    it("takes the tree along, or leaves parent and orphans alive, as it is told (S8)", async () => {
      const family = `
        ( sleep 0.3; echo lives > orphan ) &
        sh -c 'echo struck > trigger; echo never > never'
        echo lives > parent
        wait`;
      await arm(kill("after", "process", { on: ["write"], path: "trigger" }));
      await ground.shell(family);
      expect([...(await ground.volume.image()).keys()]).to.deep.equal(["orphan", "parent", "trigger"]);
      await ground.volume.lay(new Map());
      await arm(kill("after", "tree", { on: ["write"], path: "trigger" }));
      expect((await ground.startShell(family).ended).signal).to.equal("SIGKILL");
      await new Promise((turn) => setTimeout(turn, 400));
      expect([...(await ground.volume.image()).keys()]).to.deep.equal(["trigger"]);
    });
  });
});
