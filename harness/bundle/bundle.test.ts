import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { needExecutable } from "../../tests/needs.ts";
import type { LinkResult, Room } from "../cycle.ts";
import type { Image } from "../disk/image.ts";
import type { Finding } from "../oracle/checker.ts";
import type { Evidence } from "../oracle/evidence.ts";
import { makePlan } from "../plan.ts";
import { gatherHistory, type HistoryEntry } from "../recording/history.ts";
import { HistoryWriter } from "../recording/history-file.ts";
import { type Archive, readArchive, writeArchive } from "./archive.ts";
import { BadBundle } from "./bundle.ts";
import { readBundle } from "./read-bundle.ts";
import { writeBundle } from "./write-bundle.ts";

const entries: HistoryEntry[] = [
  {
    kind: "invoked",
    id: 0,
    client: 0,
    call: { requests: [["SET", "it's \xff", "v"]], transaction: false },
    stampNs: 10,
    wallMs: 1,
  },
  { kind: "completed", id: 0, reply: { kind: "string", value: "OK" }, stampNs: 20, wallMs: 1 },
];

const incr = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$6\r\nit's \xff\r\n$3\r\nold\r\n";
const image: Image = new Map([
  ["appendonlydir", { kind: "directory" } as const],
  ["appendonlydir/appendonly.aof.1.incr.aof", { kind: "file", bytes: Buffer.from(incr, "latin1") } as const],
  [
    "appendonlydir/appendonly.aof.manifest",
    { kind: "file", bytes: Buffer.from("file appendonly.aof.1.incr.aof seq 1 type i\n") } as const,
  ],
  ["empty", { kind: "directory" } as const],
]);

const finding: Finding = {
  kind: "wrong-value",
  level: "consistency",
  checker: "prefix",
  fingerprint: "wrong-value-0000",
  message: "a key came back with a value that nobody's prefix explains; it's wrong",
  evidence: {
    keys: [{ database: 0, key: '"it\'s \\xff"', expected: "string v", recovered: "string old" }],
  },
};

describe("a bundle", () => {
  let folder: string;
  let historyFile: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bundle test "));
    historyFile = path.join(folder, "history.jsonl");
    const writer = new HistoryWriter(historyFile);
    writer.invoked(entries[0] as Extract<HistoryEntry, { kind: "invoked" }>);
    writer.completed(entries[1] as Extract<HistoryEntry, { kind: "completed" }>);
    writer.close();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const plan = () => {
    const catalogue = new Catalogue();
    const scenario = catalogue.scenario("kill/random").value;
    const request = {
      scenario,
      preset: catalogue.preset("always"),
      seed: "s",
      cycle: 3,
      words: { redisVersion: "7.0", withoutCommands: [] },
    };
    return makePlan(request);
  };

  function write(dir = folder): Promise<string> {
    const evidence: Evidence = {
      history: gatherHistory(entries),
      initial: new Map([[0, new Map([["before", { value: { type: "string", value: "\x00" } } as const]])]]),
      cut: { startNs: 30, endNs: 40 },
      crash: {
        fault: "kill",
        longestSyncMs: 1.5,
        longestStallMs: 2,
        saves: [],
        suspensions: [],
        place: "load",
      },
      promise: { row: "always", store: { name: "redis-server", version: "7.0.15" }, savePoints: [] },
      recovery: {
        starts: [
          { kind: "refused", exitCode: 1, lastLogLines: ["Bad file format"] },
          { kind: "served", state: new Map(), readAtWallMs: 5, deadlineErrorMs: 0, tookMs: 6 },
        ],
      },
    };
    const point = { place: "load", operation: "SIGKILL", path: "", journalIndex: -1, stampNs: 30 };
    const state = { cut: evidence.cut, point, fault: "kill", windows: [], image } as const;
    const result = { link: 0, state, historyFile, evidence } as Partial<LinkResult> as LinkResult;
    const room = {
      target: { name: "/usr/bin/redis-server", kind: "executable" },
      store: { name: "redis-server", version: "7.0.15", redisVersion: "7.0.15" },
      documentedCounts: true,
    } as Partial<Room> as Room;
    return writeBundle({ plan: plan(), result, findings: [finding], room, dir });
  }

  it("comes back as it was written: plan, history, image, facts and findings", async () => {
    const file = await write();
    expect(path.basename(file)).to.equal("kill-random-always-3.lossbound");
    const bundle = await readBundle(file);
    expect(bundle.plan).to.deep.equal(plan());
    expect(bundle.history).to.deep.equal(gatherHistory(entries));
    expect(bundle.image).to.deep.equal(image);
    expect(bundle.initial?.get(0)?.get("before")?.value).to.deep.equal({ type: "string", value: "\x00" });
    expect(bundle.header.findings).to.deep.equal([finding]);
    expect(bundle.header.crash.longestSyncMs).to.equal(1.5);
    expect(bundle.header.starts[0]).to.have.property("exitCode", 1);
    expect(bundle.header.documentedCounts).to.equal(true);
  });

  it("never replaces another one", async () => {
    const names = [await write(), await write(), await write()].map((file) => path.basename(file, ".lossbound"));
    expect(names).to.deep.equal(["kill-random-always-3", "kill-random-always-3-2", "kill-random-always-3-3"]);
  });

  it("opens with plain tools, and says what it is", async () => {
    const file = await write();
    execFileSync("tar", ["xzf", file, "-C", folder]);
    const inside = path.join(folder, "kill-random-always-3");
    expect(readFileSync(path.join(inside, "README"), "utf8")).to.include(
      "lossbound replay kill-random-always-3.lossbound",
    );
    expect(readFileSync(path.join(inside, "finding.txt"), "utf8")).to.include(finding.message);
    expect(readFileSync(path.join(inside, "store.conf"), "utf8")).to.include("appendfsync always\n");
    expect(readFileSync(path.join(inside, "store.log"), "utf8")).to.equal("Bad file format\n");
    expect(readFileSync(path.join(inside, "image/appendonlydir/appendonly.aof.1.incr.aof"), "latin1")).to.equal(incr);
  });

  it("shows the finding with the store and redis-cli alone", async function () {
    const store = needExecutable(this, "redis-server");
    needExecutable(this, "redis-cli");
    execFileSync("tar", ["xzf", await write(), "-C", folder]);
    const inside = path.join(folder, "kill-random-always-3");
    const shown = spawnSync(path.join(inside, "repro.sh"), { encoding: "utf8", env: { ...process.env, STORE: store } });
    expect(shown.stderr).to.equal("");
    expect(shown.status).to.equal(0);
    expect(shown.stdout).to.include(`${finding.message}\n`);
    expect(shown.stdout).to.match(/it's \\xff" in database 0, expected: string v\n"?old/);
    expect(shown.stdout).to.include("time to live in ms: -1");
  });

  it("shows with them alone that a store does not start, and why", async function () {
    const store = needExecutable(this, "redis-server");
    needExecutable(this, "redis-cli");
    execFileSync("tar", ["xzf", await write(), "-C", folder]);
    const inside = path.join(folder, "kill-random-always-3");
    writeFileSync(path.join(inside, "image/appendonlydir/appendonly.aof.1.incr.aof"), "nonsense\r\n");
    const shown = spawnSync(path.join(inside, "repro.sh"), { encoding: "utf8", env: { ...process.env, STORE: store } });
    expect(shown.status).to.equal(1);
    expect(shown.stdout).to.include("does not start on these files").and.include("Bad file format");
  });

  async function reasonOf(file: string): Promise<string> {
    const error = await readBundle(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(BadBundle);
    return (error as Error).message;
  }

  it("that is none, is cut off, or lacks a part, is refused with the reason", async () => {
    const file = await write();
    const bad = path.join(folder, "bad.lossbound");
    writeFileSync(bad, "not a tar at all");
    expect(await reasonOf(bad)).to.include("bad.lossbound is no bundle: incorrect header check");
    writeFileSync(bad, readFileSync(file).subarray(0, 300));
    expect(await reasonOf(bad)).to.include("unexpected end of file");
    writeFileSync(bad, gzipSync("garbage that is no tar"));
    expect(await reasonOf(bad)).to.include("bad.lossbound");
    await rewrite(file, bad, (archive) => new Map([...archive].filter(([name]) => !name.endsWith("plan.json"))));
    expect(await reasonOf(bad)).to.include("no plan.json in it");
    expect(await reasonOf(path.join(folder, "missing.lossbound"))).to.include("ENOENT");
  });

  it("of another format version is refused by the name of both", async () => {
    const bad = path.join(folder, "bad.lossbound");
    await rewrite(
      await write(),
      bad,
      (archive) =>
        new Map(
          [...archive].map(([name, file]) => {
            const text = Buffer.from(file.bytes).toString("utf8");
            const later = Buffer.from(text.replace("lossbound/bundle@1", "lossbound/bundle@2"));
            return [name, name.endsWith("bundle.json") ? { bytes: later } : file];
          }),
        ),
    );
    expect(await reasonOf(bad)).to.include(
      'this version reads lossbound/bundle@1, and bundle.json is "lossbound/bundle@2"',
    );
  });

  it("cannot write outside of where it is opened", async () => {
    const bad = path.join(folder, "bad.lossbound");
    await rewrite(
      await write(),
      bad,
      (archive) => new Map([...archive, ["x/../../evil", { bytes: Buffer.from("x") }]]),
    );
    expect(await reasonOf(bad)).to.include("leads out of it");
  });

  async function rewrite(from: string, to: string, change: (archive: Archive) => Archive): Promise<void> {
    cpSync(from, to);
    await writeArchive(to, change(await readArchive(from)), new Date(0));
  }
});
