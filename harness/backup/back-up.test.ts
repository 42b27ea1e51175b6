import { expect } from "chai";
import { MemoryFiles, survivals } from "../../tests/memory-files.ts";
import type { Reply, Request } from "../recording/history.ts";
import { backUp } from "./back-up.ts";
import { BackupFailed, type BackupFiles, type BackupWorld, BrokenBackup, stages } from "./backup-world.ts";
import { checkBackup } from "./check-backup.ts";
import { BackupDied, DoomedWorld } from "./doomed-world.ts";
import { parseBackupName } from "./names.ts";
import { FolderNotEmpty, restore } from "./restore.ts";

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

/** As much of a store as a backup speaks to, with its files in the same memory. */
class PaperStore {
  percentage = "100";
  runId = "first";
  private saves = 0;
  private readonly files: MemoryFiles;

  constructor(files: MemoryFiles) {
    this.files = files;
  }

  static async on(files: MemoryFiles): Promise<PaperStore> {
    for (const dir of ["/data", "/data/appendonlydir", "/to"]) await files.makeDir(dir);
    const log = "/data/appendonlydir/appendonly.aof";
    await files.writeText(
      `${log}.manifest`,
      "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
    );
    await files.writeText(`${log}.1.base.rdb`, "REDIS0010 base");
    await files.writeText(`${log}.1.incr.aof`, `${command("SET", "a", "1")}*3\r\n$3\r\nSE`);
    return new PaperStore(files);
  }

  async send([name = "", ...words]: Request): Promise<Reply> {
    const [first = "", directive = "", value = ""] = words;
    if (name === "CONFIG" && first === "SET") this.percentage = value;
    if (name === "CONFIG" && first === "GET") return strings(directive, this.directive(directive));
    if (name === "INFO") return { kind: "string", value: this.info() };
    if (name === "TIME") return strings("1", "0");
    if (name === "LASTSAVE") return { kind: "integer", value: 2 };
    if (name === "BGSAVE") await this.files.writeText("/data/dump.rdb", `REDIS0010 save ${++this.saves}`);
    return { kind: "string", value: "OK" };
  }

  private directive(name: string): string {
    const fixed: Record<string, string> = {
      dir: "/data",
      dbfilename: "dump.rdb",
      appendonly: "yes",
      appenddirname: "appendonlydir",
      appendfilename: "appendonly.aof",
      "auto-aof-rewrite-percentage": this.percentage,
    };
    return fixed[name] ?? "";
  }

  private info(): string {
    const lines = ["rdb_bgsave_in_progress:0", `rdb_saves:${this.saves}`, "aof_rewrite_in_progress:0"];
    return [...lines, "aof_rewrite_scheduled:0", `run_id:${this.runId}`, ""].join("\r\n");
  }
}

function strings(...values: string[]): Reply {
  return { kind: "array", items: values.map((value) => ({ kind: "string", value })) };
}

const firstDayMs = Date.UTC(2026, 10, 22);
const worldOn = (files: BackupFiles, store: PaperStore, day: number): BackupWorld => ({
  files,
  store,
  clock: { nowMs: () => firstDayMs + day * 86_400_000, sleep: () => Promise.resolve() },
  self: `process of day ${day}`,
  lives: () => false,
  enters: () => undefined,
});
const order = { to: "/to", what: "both", keepDays: 1 } as const;

const completeIn = async (files: MemoryFiles) =>
  (await files.list("/to")).flatMap((name) => (parseBackupName(name) === undefined ? [] : [name]));

/** Every step of every stage, in all three ways: the backup dies there, and nobody has cleaned up. */
async function* everyDeath() {
  for (const stage of stages) {
    for (let step = 1, goesOn = true; goesOn; step++) {
      for (const side of ["before", "midway", "after"] as const) {
        const files = new MemoryFiles();
        const store = await PaperStore.on(files);
        await backUp(worldOn(files, store, 1), order);
        await files.sync("/");
        const doom = { stage, step, side, endsBackup: true, strike: () => Promise.resolve() };
        const doomed = new DoomedWorld(worldOn(files, store, 3), doom);
        const died = await backUp(doomed, order).then(
          () => false,
          (error: unknown) => error instanceof BackupDied,
        );
        goesOn = died && !(doomed.struck ?? "").startsWith("behind");
        if (died) yield { files, store, at: `${doomed.struck} (${side})` };
      }
    }
  }
}

describe("a backup that dies", function () {
  this.timeout(60_000);

  it("at whatever step, and whatever the disk kept, leaves nothing that claims to be complete and is not", async () => {
    let checked = 0;
    for await (const { files, at } of everyDeath()) {
      for (const survival of survivals) {
        const found = files.after(survival);
        const complete = await completeIn(found);
        expect(complete, `${at}, ${survival}`).to.not.have.length(0);
        for (const name of complete) {
          await checkBackup(found, `/to/${name}`).catch((error: Error) =>
            expect.fail(`${at}, ${survival}: ${error.message}`),
          );
          checked++;
        }
      }
    }
    expect(checked).to.be.greaterThan(500);
  });

  it("at whatever step, is undone by the next one, which is complete itself", async () => {
    for await (const { files, store, at } of everyDeath()) {
      const { taken } = await backUp(worldOn(files, store, 5), order);
      expect(taken, at).to.have.length(2);
      expect(store.percentage, at).to.equal("100");
      expect(await completeIn(files), at).to.deep.equal([...taken].sort());
      const left = (await files.list("/to")).filter((name) => name.startsWith("."));
      expect([left, await files.list("/data")], at).to.deep.equal([[], ["appendonlydir", "dump.rdb"]]);
    }
  });

  it("leaves alone what somebody set since, and a store that was started again", async () => {
    for (const change of [
      { percentage: "50", runId: "first" },
      { percentage: "0", runId: "second" },
    ]) {
      const files = new MemoryFiles();
      const store = await PaperStore.on(files);
      const doom = {
        stage: "link",
        step: 1,
        side: "after",
        endsBackup: true,
        strike: () => Promise.resolve(),
      } as const;
      const died = await backUp(new DoomedWorld(worldOn(files, store, 1), doom), order).catch(
        (error: unknown) => error,
      );
      expect(died).to.be.instanceOf(BackupDied);
      Object.assign(store, change);
      await backUp(worldOn(files, store, 2), order);
      expect(store.percentage).to.equal(change.percentage);
    }
  });
});

describe("a backup", () => {
  it("is refused where another one is under way", async () => {
    const files = new MemoryFiles();
    const store = await PaperStore.on(files);
    await files.writeText("/to/.lossbound-backup", '{"what":"lossbound backup","owner":"somebody"}\n');
    const world = { ...worldOn(files, store, 1), lives: (name: string) => name === "somebody" };
    const trouble = await backUp(world, order).catch((error: unknown) => error);
    expect(trouble).to.be.instanceOf(BackupFailed);
    expect((trouble as Error).message).to.match(/^another backup is under way in \/to \(somebody\)/);
    expect(await files.list("/to")).to.deep.equal([".lossbound-backup"]);
  });

  it("ends the log where its last whole command does", async () => {
    const files = new MemoryFiles();
    const { taken } = await backUp(worldOn(files, await PaperStore.on(files), 1), { ...order, what: "log" });
    expect(await files.readText(`/to/${taken[0]}/appendonly.aof.1.incr.aof`)).to.equal(command("SET", "a", "1"));
  });

  it("whose last name comes before its bytes are safe is found out by the same disks", async () => {
    const files = new MemoryFiles();
    const store = await PaperStore.on(files);
    await files.sync("/");
    const world = worldOn(files, store, 1);
    const careless = Object.create(files, { sync: { value: () => Promise.resolve() } }) as MemoryFiles;
    const { taken } = await backUp({ ...world, files: careless }, { ...order, what: "snapshot" });
    const trouble = await checkBackup(files.after("names"), `/to/${taken[0]}`).catch((error: unknown) => error);
    expect(trouble).to.be.instanceOf(BrokenBackup);
  });
});

describe("a restore", () => {
  it("brings every file back, whole, and refuses a folder that holds anything", async () => {
    const files = new MemoryFiles();
    const { taken } = await backUp(worldOn(files, await PaperStore.on(files), 1), order);
    for (const name of taken) {
      const backup = await checkBackup(files, `/to/${name}`);
      const data = `/restored-${backup.kind}`;
      await restore(files, backup, data);
      expect(await files.list(data)).to.deep.equal([backup.kind === "log" ? "appendonlydir" : "dump.rdb"]);
      const trouble = await restore(files, backup, data).catch((error: unknown) => error);
      expect(trouble).to.be.instanceOf(FolderNotEmpty);
    }
  });
});
