/**
 * What a user, a client or a disk can get wrong, against the real process: it is told so, nobody else is disturbed, and
 * nothing on disk is touched before the operator decided.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { inTemporaryFolder, Peer } from "../interop/peer.ts";

const main = path.resolve(import.meta.dirname, "../../server/main.js");
const store = [process.execPath, main, "--save", ""];

/** What the store says, and how it ends, when it is started with these words and does not come up. */
async function refused(cwd: string, ...words: string[]): Promise<{ code: number | undefined; said: string }> {
  const { exitCode, all } = await execa(process.execPath, [main, ...words, "--port", "0"], {
    cwd,
    all: true,
    reject: false,
    timeout: 20_000,
  });
  return { code: exitCode, said: all };
}

/** Sends bytes and gives all that comes back until the store hangs up. */
function answerTo(socket: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = net.connect(socket, () => connection.write(bytes, "latin1"));
    let answer = "";
    connection.setTimeout(20_000, () => connection.destroy(new Error(`no end of the answer, so far: ${answer}`)));
    connection.on("data", (piece) => (answer += piece.toString("latin1")));
    connection.on("error", reject);
    connection.on("close", () => resolve(answer));
  });
}

/** Every file below a folder, with its bytes. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((file) => [file, readFileSync(file, "latin1")]));
}

/** Leaves the files of a store that was given some keys. */
async function filesOfStore(dir: string, ...options: string[]): Promise<void> {
  const peer = await Peer.start([...store, ...options], dir);
  await peer.callAll(Array.from({ length: 200 }, (_, index) => ["SET", `key:${index}`, `value ${index}`.repeat(5)]));
  await peer.call("SAVE");
  await peer.stop();
}

/** Changes a byte in the middle of a file. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] as number) ^ 0xff;
  writeFileSync(file, bytes);
}

describe("bad input to the store", function () {
  this.timeout(60_000);

  const streams = [
    ["what is not the protocol", "*2\r\n+GET\r\n", "expected '$', got '+'"],
    ["a length of 600 MB", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$629145600\r\n", "invalid bulk length"],
    ["a request of three thousand million arguments", "*3000000000\r\n", "invalid multibulk length"],
    ["quotes that do not end", 'SET "k\r\n', "unbalanced quotes in request"],
  ] as const;
  for (const [what, bytes, complaint] of streams) {
    it(`${what} is answered with an error and a hang-up, and other clients notice nothing`, () =>
      inTemporaryFolder(async (dir) => {
        const peer = await Peer.start(store, dir);
        try {
          await peer.call("SET", "k", "before");
          const answers = Promise.all(Array.from({ length: 3 }, () => answerTo(path.join(dir, "peer.sock"), bytes)));
          const others = await peer.callAll(Array.from({ length: 100 }, () => ["INCR", "counter"]));
          expect(new Set(await answers)).to.deep.equal(new Set([`-ERR Protocol error: ${complaint}\r\n`]));
          expect(others.at(-1)).to.equal(100);
          expect(await peer.call("GET", "k")).to.equal("before");
        } finally {
          await peer.stop();
        }
      }));
  }

  it("is answered with how to ask, on --help, and with its versions on --version", async () => {
    for (const [word, said] of [
      ["--help", "--directive value"],
      ["-v", "compatible with Redis 7.0."],
    ] as const) {
      const { exitCode, stdout } = await execa(process.execPath, [main, word], { reject: false, timeout: 20_000 });
      expect([exitCode, stdout.includes(said)], word).to.deep.equal([0, true]);
    }
  });

  it("an unknown directive is named, with the file and the line, and the store does not start", () =>
    inTemporaryFolder(async (dir) => {
      writeFileSync(path.join(dir, "store.conf"), "appendonly yes\nappendfsyn always\n");
      const { code, said } = await refused(dir, path.join(dir, "store.conf"));
      expect(code).to.equal(1);
      expect(said)
        .to.match(/store\.conf:2/)
        .and.to.contain("appendfsyn")
        .and.to.contain("did you mean 'appendfsync'?");
      expect(readdirSync(dir)).to.deep.equal(["store.conf"]);
    }));

  it("a folder that is not there, or is a file, is named, and nothing is made in its place", () =>
    inTemporaryFolder(async (dir) => {
      writeFileSync(path.join(dir, "file"), "mine");
      for (const name of ["missing", "file"]) {
        const { code, said } = await refused(dir, "--dir", path.join(dir, name));
        expect(code, name).to.equal(1);
        expect(said, name).to.contain(path.join(dir, name));
      }
      expect(filesIn(dir)).to.deep.equal({ [path.join(dir, "file")]: "mine" });
    }));

  it("a damaged RDB file is named with the offset, and stays as it is", () =>
    inTemporaryFolder(async (dir) => {
      await filesOfStore(dir);
      damage(path.join(dir, "dump.rdb"));
      const before = filesIn(dir);
      const { code, said } = await refused(dir, "--dir", dir);
      expect(code).to.equal(1);
      expect(said).to.match(/dump\.rdb: damaged at offset \d+/);
      expect(filesIn(dir)).to.deep.equal(before);
    }));

  it("a log with damage in its middle is named with the offset, and stays as it is", () =>
    inTemporaryFolder(async (dir) => {
      await filesOfStore(dir, "--appendonly", "yes");
      const folder = path.join(dir, "appendonlydir");
      const log = readdirSync(folder).find((name) => name.endsWith(".incr.aof")) as string;
      const text = readFileSync(path.join(folder, log), "latin1");
      writeFileSync(
        path.join(folder, log),
        text.replace("*3\r\n$3\r\nSET\r\n$6\r\nkey:99", "*3\r\n$3\r\nSET\r\n!6\r\nkey:99"),
      );
      const before = filesIn(dir);
      const { code, said } = await refused(dir, "--dir", dir, "--appendonly", "yes");
      expect(code).to.equal(1);
      expect(said)
        .to.contain(log)
        .and.to.match(/offset \d+/);
      expect(filesIn(dir)).to.deep.equal(before);
    }));

  it("a second store on the same folder says who has it, and the first one goes on", () =>
    inTemporaryFolder(async (dir) => {
      const data = path.join(dir, "data");
      mkdirSync(data);
      const peer = await Peer.start([...store, "--appendonly", "yes"], dir);
      try {
        await peer.call("SET", "k", "first");
        const before = filesIn(path.join(dir, "appendonlydir"));
        const { code, said } = await refused(data, "--dir", dir, "--appendonly", "yes");
        expect(code).to.equal(1);
        expect(said).to.match(/process \d+/);
        expect(filesIn(path.join(dir, "appendonlydir"))).to.deep.equal(before);
        await peer.call("SET", "k", "still here");
        expect(await peer.call("GET", "k")).to.equal("still here");
      } finally {
        await peer.stop();
      }
    }));
});
