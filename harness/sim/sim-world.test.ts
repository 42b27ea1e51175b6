import { expect } from "chai";
import type { SaveJob, SaverEnding } from "../../server/world/world.ts";
import { snapshotPieces } from "../../tests/simulated/snapshot-segments.ts";
import { SimDisk } from "./sim-disk.ts";
import { WorldEnded } from "./sim-time.ts";
import { SimMachine } from "./sim-world.ts";

const job: SaveJob = {
  kind: "aof-base",
  dir: "/data",
  compress: false,
  checksum: true,
  format: "resp",
  syncEveryBytes: 0,
};

describe("a simulated machine", () => {
  const setUp = () => {
    const machine: SimMachine = new SimMachine({ seed: "machine", wallAtStartMs: 0 });
    machine.attach(SimDisk.with(new Map(), { time: machine.clock, kill: (strike) => machine.strike(strike) }));
    const process = machine.startProcess();
    const { world } = process;
    const endings: SaverEnding[] = [];
    const startSaver = () => world.savers.start(job, (ending) => endings.push(ending));
    const runAll = () => {
      while (machine.clock.next());
    };
    const files = async () => [...(await machine.disk.image()).keys()];
    return { machine, process, world, endings, startSaver, runAll, files };
  };

  it("throws at a dead process that asks for anything, and nothing that it had queued happens", () => {
    const { machine, process, world, runAll } = setUp();
    const happened: string[] = [];
    const file = world.disk.open("/data/a", "create");
    world.clock.after(1, () => happened.push("timer"));
    world.clock.endOfTurn(() => happened.push("turn"));
    machine.kill(process, "tree");
    runAll();
    expect(happened).to.deep.equal([]);
    const asks = [
      () => world.clock.monotonicMs(),
      () => world.clock.wallMs(),
      () => world.clock.after(1, () => undefined),
      () => world.clock.endOfTurn(() => undefined),
      () => world.disk.list("/data"),
      () => file.append(Buffer.from("x")),
      () => world.savers.start(job, () => undefined),
    ];
    for (const ask of asks) expect(ask).to.throw(WorldEnded);
  });

  it("leaves promises of a dead process open for ever", async () => {
    const { machine, process, world, runAll } = setUp();
    const file = world.disk.open("/data/a", "create");
    file.append(Buffer.from("x"));
    let settled = false;
    const note = () => {
      settled = true;
    };
    file.sync().then(note, note);
    machine.kill(process, "tree");
    runAll();
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).to.equal(false);
    // The disk went on all the same.
    expect(machine.disk.journal.records.at(-1)).to.deep.include({ kind: "sync-end", ok: true });
  });

  it("ends a process that exits, with its code", () => {
    const { process, world } = setUp();
    expect(() => world.process.exit(3)).to.throw(WorldEnded);
    expect(process.ending).to.deep.equal({ exitCode: 3, signal: null });
  });

  describe("has savers", () => {
    it("that make the file, sync it, give it its name, and tell the server", async () => {
      const { startSaver, runAll, endings, files, machine } = setUp();
      const saver = startSaver();
      for (const piece of snapshotPieces("*1\r\n$4\r\nPING\r\n")) saver.feed(piece, () => undefined);
      runAll();
      const name = `temp-rewriteaof-bg-${saver.pid}.aof`;
      expect(await files()).to.deep.equal([name]);
      expect(endings).to.deep.equal([{ kind: "saved", path: `/data/${name}`, writtenBytes: 14 }]);
      const own = machine.disk.journal.records.filter(({ tid }) => tid === saver.pid).map(({ kind }) => kind);
      expect(own).to.deep.equal(["write", "sync-start", "sync-end", "rename"]);
    });

    it("that die alone, and the server hears of it", () => {
      const { startSaver, runAll, endings, machine, process, world } = setUp();
      const saver = startSaver();
      for (const living of machine.saversOf(process)) machine.killSaver(living);
      runAll();
      expect(process.isAlive).to.equal(true);
      expect(world.process.isAlive(saver.pid)).to.equal(false);
      expect(endings).to.deep.equal([{ kind: "killed", signal: "SIGKILL" }]);
    });

    it("that outlive their server when it dies alone, and then leave nothing behind", async () => {
      const { startSaver, runAll, endings, files, machine, process } = setUp();
      const saver = startSaver();
      const [first, ...rest] = snapshotPieces("x".repeat(1_000), 10);
      saver.feed(first as Buffer, () => undefined);
      machine.clock.next();
      machine.kill(process, "process");
      expect(await files()).to.deep.equal([`temp-rewriteaof-${saver.pid}.aof`]);
      expect(rest).to.have.length.greaterThan(1);
      runAll();
      expect(await files()).to.deep.equal([]);
      expect(endings).to.deep.equal([]);
    });

    it("that die with it when the whole tree does, and leave what they had", async () => {
      const { startSaver, runAll, files, machine, process } = setUp();
      const saver = startSaver();
      machine.kill(process, "tree");
      runAll();
      expect(await files()).to.deep.equal([`temp-rewriteaof-${saver.pid}.aof`]);
    });

    it("that say why when the disk refuses", () => {
      const { startSaver, runAll, endings, machine } = setUp();
      machine.disk.arm({ kind: "error", name: "broken", when: { on: ["write"] }, code: "EIO" }, "seed");
      const saver = startSaver();
      for (const piece of snapshotPieces("abc")) saver.feed(piece, () => undefined);
      runAll();
      expect(endings).to.have.length(1);
      expect(endings[0]).to.deep.include({ kind: "failed" });
    });
  });
});
