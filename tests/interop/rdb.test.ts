/** RDB files that go between this store and redis-server, and those that others wrote. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { DamagedFile, UnsupportedFile } from "../../server/codec/damaged-file.ts";
import { arbitraryKeyspace } from "../arbitrary-keyspace.ts";
import { needExecutable } from "../needs.ts";
import { seed } from "../property.ts";
import { loaded, rdbOf } from "../rdb-files.ts";
import { type Contents, contentsOf, contentsOfPeer, expectSameContents } from "./contents.ts";
import { inTemporaryFolder, Peer } from "./peer.ts";

/** Runs redis-server on a dump. Undefined: it refuses to start with it. */
async function redisOn<R>(
  redis: string,
  dump: Buffer,
  work: (peer: Peer) => Promise<R>,
  flags: string[] = [],
): Promise<R> {
  return inTemporaryFolder(async (dir) => {
    writeFileSync(path.join(dir, "dump.rdb"), dump);
    const peer = await Peer.start([redis, "--save", "", ...flags], dir);
    try {
      return await work(peer);
    } finally {
      await peer.stop();
    }
  });
}

describe("RDB files between this store and redis-server", function () {
  this.timeout(120_000);

  it("that we write hold for redis-server what they hold for us, down to the encodings", async function () {
    const redis = needExecutable(this, "redis-server");
    console.log(`      randomised tests: LOSSBOUND_TEST_SEED=${seed}`);
    const keyspaces = fc.sample(arbitraryKeyspace, { seed, numRuns: 30 });
    // One large keyspace of many small ones: a start of the server costs more than a thousand keys.
    for (const [first, ...others] of [keyspaces.slice(0, 15), keyspaces.slice(15)]) {
      if (first === undefined) continue;
      for (const other of others) {
        for (const { index, table } of other.databases) {
          table.keys.forEach((key, slot) => {
            const value = table.values[slot];
            if (key === undefined || value === undefined) return;
            first.db(index).set(key, value, table.deadlines.at(slot));
          });
        }
      }
      const expected = contentsOf(first.databases);
      for (const frozen of [false, true]) {
        const found = await redisOn(redis, rdbOf(first, { frozen }), (peer) => contentsOfPeer(peer));
        expectSameContents(found, expected);
      }
    }
  });

  it("that we write are accepted by redis-check-rdb", async function () {
    const checker = needExecutable(this, "redis-check-rdb");
    await inTemporaryFolder(async (dir) => {
      for (const [at, keyspace] of fc.sample(arbitraryKeyspace, { seed, numRuns: 10 }).entries()) {
        const file = path.join(dir, `${at}.rdb`);
        writeFileSync(file, rdbOf(keyspace, { frozen: at % 2 === 0, compress: at % 3 !== 0 }));
        const said = execFileSync(checker, [file], { encoding: "utf8" });
        expect(said).to.include("Checksum OK").and.to.include("RDB looks OK!");
      }
    });
  });

  it("that redis-server writes are loaded as it would load them", async function () {
    const redis = needExecutable(this, "redis-server");
    for (const flags of [["--rdbcompression", "no"], []]) {
      const [keyspace] = fc.sample(arbitraryKeyspace, { seed, numRuns: 1 });
      const given = rdbOf(keyspace as NonNullable<typeof keyspace>);
      const { written, expected } = await redisOn(
        redis,
        given,
        async (peer) => {
          await fillWithEverything(peer);
          expect(await peer.call("SAVE")).to.equal("OK");
          const dump = readFileSync(path.join(peer.dir, "dump.rdb"));
          return { written: dump, expected: await contentsOfPeer(peer) };
        },
        flags,
      );
      const { keyspace: found } = loaded(written);
      expectSameContents(contentsOf(found.databases), expected);
    }
  });
});

/** Every type in every encoding, as commands leave it. */
async function fillWithEverything(peer: Peer): Promise<void> {
  const range = (count: number, make: (n: number) => string[]): string[] =>
    Array.from({ length: count }, (_, n) => make(n)).flat();
  await peer.callAll([
    ["SET", "int", "12345"],
    ["SET", "long", "9007199254740993"],
    ["SET", "text", "x".repeat(500), "PXAT", "4000000000000"],
    ["SET", "", "empty key"],
    ["SELECT", "15"],
    ["RPUSH", "list", ...range(3000, (n) => [`element ${n}`, String(n * 7919)])],
    ["RPUSH", "list of large ones", "y".repeat(10_000), "z".repeat(9_000), "small"],
    ["HSET", "hash", ...range(100, (n) => [`f${n}`, String(n)])],
    ["HSET", "large hash", ...range(1000, (n) => [`f${n}`, `v${n}`])],
    ["SADD", "integers", ...range(100, (n) => [String(n * 1000)])],
    ["SADD", "long integers", "-9223372036854775808", "9223372036854775807"],
    ["SADD", "large set", ...range(1000, (n) => [String(n)])],
    ["SADD", "texts", "a", "b"],
    ["ZADD", "sorted", ...range(100, (n) => [String(n / 3), `m${n}`])],
    ["ZADD", "large sorted", ...range(1000, (n) => [String(n / 3), `m${n}`]), "inf", "top", "-inf", "bottom"],
    ["PEXPIREAT", "hash", "4000000000000"],
    ...range(250, (n) => [String(n)]).map((n) => [
      "XADD",
      "stream",
      `${n}-1`,
      "number",
      n,
      n.length === 3 ? "other" : "text",
      "x",
    ]),
    ["XDEL", "stream", "3-1", "249-1"],
    ["XTRIM", "stream", "MAXLEN", "190"],
    ["XGROUP", "CREATE", "stream", "readers", "100-1"],
    ["XREADGROUP", "GROUP", "readers", "ann", "COUNT", "7", "STREAMS", "stream", ">"],
    ["XREADGROUP", "GROUP", "readers", "bob", "COUNT", "3", "STREAMS", "stream", ">"],
    ["XREADGROUP", "GROUP", "readers", "cem", "COUNT", "1", "STREAMS", "stream", "0"],
    ["XGROUP", "CREATE", "empty stream", "", "$", "MKSTREAM"],
    ["SELECT", "0"],
  ]);
}

// ── Files that others wrote ─────────────────────────────────────────────────────────────────────────────────────────

/** Where the collection of foreign files is: named by LOSSBOUND_CORPUS, else beside this repository. */
function corpusFolder(): string | undefined {
  const root = path.resolve(import.meta.dirname, "../../..");
  const folder = process.env.LOSSBOUND_CORPUS ?? path.resolve(root, "../shared/corpus");
  return existsSync(folder) ? folder : undefined;
}

/** Files that this store refuses, by what it says. Every other one must load. */
const refusals: Readonly<Record<string, readonly [kind: typeof DamagedFile, reason: string]>> = {
  "future_v19.rdb": [UnsupportedFile, "at offset 5: RDB version 99 is from the future"],
  "invalid_chksum_v8.rdb": [DamagedFile, "at offset 201: checksum a609bb6465990fe1 expected"],
  "misc_with_stream.rdb": [UnsupportedFile, "at offset 3814: data of a module"],
  "module.rdb": [UnsupportedFile, "at offset 90: a value of a module"],
  "module_aux.rdb": [UnsupportedFile, "at offset 79: data of a module"],
  "module_aux_empty.rdb": [UnsupportedFile, "at offset 85: data of a module"],
  "module_aux_v12.rdb": [UnsupportedFile, "at offset 79: data of a module"],
  "redis_40_with_module.rdb": [UnsupportedFile, "at offset 190: a value of a module"],
  "redis_60_with_module_aux.rdb": [UnsupportedFile, "at offset 89: data of a module"],
  "redis_ent_opcode_ram_lru.rdb": [DamagedFile, "at offset 280: a type or an opcode expected, found byte 107"],
};

/** Files whose description has another name. */
const describedAs: Readonly<Record<string, string>> = {
  "hash_with_expire_v12.rdb": "hash_ex_v12_data.json",
  "hash_lp_with_hexpire_v12.rdb": "hash_lp_ex_v12_data.json",
};

/** What redis-server 8.0.2 shows of files that 7.0 does not read, and that nothing describes. */
const ofNewerRedis: Readonly<Record<string, Contents>> = {
  "cluster_slot_info.rdb": { "0/abc": { type: "string", encoding: "embstr", value: "abc", deadlineMs: -1 } },
  "stream_v11.rdb": {
    "0/mystream": {
      type: "stream",
      encoding: "stream",
      value: {
        length: 6,
        "radix-tree-keys": 1,
        "last-generated-id": "1695893015933-0",
        "max-deleted-entry-id": "0-0",
        "entries-added": 6,
        "recorded-first-entry-id": "1695649068107-0",
        entries: [
          ["1695649068107-0", ["message", "Message1"]],
          ["1695649068110-0", ["message", "Message2"]],
          ["1695649069139-0", ["message", "Message3"]],
          ["1695649446276-0", ["message", "Message4"]],
          ["1695649456516-0", ["message", "Message5"]],
          ["1695893015933-0", ["field1", "value1", "field2", "value2", "field3", "value3"]],
        ],
        groups: [
          {
            name: "groupA",
            "last-delivered-id": "1695649446276-0",
            "entries-read": 4,
            "pel-count": 1,
            pending: [["1695649446276-0", "consumerA2", 1695649446276, 1]],
            consumers: [
              { name: "consumerA1", "seen-time": 1696679585023, "pel-count": 0, pending: [] },
              {
                name: "consumerA2",
                "seen-time": 1696679585024,
                "pel-count": 1,
                pending: [["1695649446276-0", 1695649446276, 1]],
              },
            ],
          },
          {
            name: "groupB",
            "last-delivered-id": "1695649069139-0",
            "entries-read": 3,
            "pel-count": 1,
            pending: [["1695649069139-0", "consumerB1", 1695649069139, 1]],
            consumers: [
              {
                name: "consumerB1",
                "seen-time": 1696679585026,
                "pel-count": 1,
                pending: [["1695649069139-0", 1695649069139, 1]],
              },
            ],
          },
        ],
      },
      deadlineMs: -1,
    },
  },
};

describe("RDB files that others wrote", function () {
  this.timeout(120_000);

  it("are loaded with the content that redis-server, or the description beside them, gives, or are refused with a place", async function () {
    const corpus = corpusFolder();
    if (corpus === undefined) {
      console.log("      skipped: no collection of RDB files here (LOSSBOUND_CORPUS names one)");
      this.skip();
    }

    const redis = needExecutable(this, "redis-server");
    const files = ["librdb", "rdb-tools"].flatMap((folder) =>
      readdirSync(path.join(corpus, folder))
        .filter((name) => name.endsWith(".rdb"))
        .map((name) => path.join(corpus, folder, name)),
    );
    expect(files.length).to.be.above(60);
    const covered = { compared: new Set<string>(), described: new Set<string>(), refused: new Set<string>() };
    for (const file of files) {
      const bytes = readFileSync(file);
      const name = path.basename(file);
      const refusal = refusals[name];
      if (refusal !== undefined) {
        expect(() => loaded(bytes, { path: file }), name).to.throw(refusal[0], `${file}: `);
        expect(() => loaded(bytes), name).to.throw(refusal[1]);
        covered.refused.add(file);
        continue;
      }
      const found = contentsOf(loaded(bytes).keyspace.databases);
      const described = path.join(path.dirname(file), describedAs[name] ?? name.replace(/\.rdb$/, "_data.json"));
      const newer = ofNewerRedis[name];
      if (existsSync(described)) {
        expectDescribed(found, readFileSync(described, "utf8"), name);
        covered.described.add(file);
      } else if (newer !== undefined) {
        expectSameContents(found, newer, name);
        covered.described.add(file);
      }
      const expected = (await redisOnOrRefused(redis, bytes)) ?? (newer && (await newerRedisOn(bytes)));
      if (expected === undefined) continue;
      expectSameContents(found, expected, name);
      covered.compared.add(file);
    }
    const { compared, described, refused } = covered;
    console.log(
      `      ${compared.size} compared, ${described.size} described, ${refused.size} refused of ${files.length}`,
    );
    expect([...new Set([...compared, ...described, ...refused])].sort()).to.deep.equal([...files].sort());
    expect(compared.size).to.be.at.least(50);
    expect(described.size).to.be.above(10);
  });
});

/** Undefined: this version of redis-server does not read it. */
async function redisOnOrRefused(redis: string, bytes: Buffer): Promise<Contents | undefined> {
  try {
    return await redisOn(redis, readableByRedis70(bytes), (peer) => contentsOfPeer(peer));
  } catch (error) {
    if (error instanceof Error && /does not come up/.test(error.message)) return undefined;
    throw error;
  }
}

/** redis-server 8.0, where `npm run peers` has put it. */
async function newerRedisOn(bytes: Buffer): Promise<Contents | undefined> {
  const newer = path.resolve(import.meta.dirname, "../../../.peers/redis-server");
  return existsSync(newer) ? redisOn(newer, bytes, (peer) => contentsOfPeer(peer)) : undefined;
}

/** Newer files often hold nothing newer but their version: told otherwise, and without a checksum, 7.0 reads them. */
function readableByRedis70(bytes: Buffer): Buffer {
  if (Number(bytes.toString("latin1", 5, 9)) <= 10) return bytes;
  const older = Buffer.from(bytes);
  older.write("0010", 5, "latin1");
  older.fill(0, older.length - 8);
  return older;
}

/** A description is the inside of an object from keys to values, or an array of such objects, one a database. */
function expectDescribed(found: Contents, described: string, name: string): void {
  const text = described.trim();
  const databases = JSON.parse(text.startsWith("[") ? text : `[{${text}}]`) as Record<string, unknown>[];
  databases.forEach((keys, index) => {
    for (const [key, value] of Object.entries(keys)) {
      if (key === "__aux__") continue;
      const content = found[`${index}/${key}`] as Contents[string];
      expect(asDescribed(content, value), `${name}: ${key}`).to.deep.equal(
        content.type === "set" ? sortedTexts(value) : value,
      );
    }
  });
}

function sortedTexts(value: unknown): string[] {
  return [...(value as string[])].sort();
}

/** Scores are described with fewer digits than they have: the description's own digits count. */
function asDescribed({ type, value }: Contents[string], description: unknown): unknown {
  if (type === "hash") return Object.fromEntries(value as [string, string][]);
  if (type !== "zset") return value;
  const scores = description as Record<string, string>;
  return Object.fromEntries(
    (value as [string, number][]).map(([member, score]) => {
      const text = scores[member] ?? "";
      const same =
        Number(text.replace("inf", "Infinity")) === score || Math.abs(Number(text) - score) < 1e-9 * Math.abs(score);
      return [member, same ? text : String(score)];
    }),
  );
}
