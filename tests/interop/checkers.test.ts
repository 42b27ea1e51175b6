/** lossbound-check-rdb and lossbound-check-aof beside redis-check-rdb and redis-check-aof: the same files, the same word. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { formatRecord } from "../../server/aof/record-buffer.ts";
import { arbitraryKeyspace } from "../arbitrary-keyspace.ts";
import { needExecutable } from "../needs.ts";
import { announcedSeed, seed } from "../property.ts";
import { rdbOf } from "../rdb-files.ts";
import { inTemporaryFolder } from "./peer.ts";

const program = (name: string) => [
  process.execPath,
  fileURLToPath(new URL(`../../server/${name}.js`, import.meta.url)),
];

function run([command = "", ...first]: readonly string[], ...args: string[]) {
  const { status, stdout } = spawnSync(command, [...first, ...args], { encoding: "latin1", timeout: 30_000 });
  return { status, text: stdout };
}

describe("the checkers beside Redis's", function () {
  this.timeout(60_000);

  it("judge whole and damaged RDB files alike, and count the same", async function () {
    const theirs = needExecutable(this, "redis-check-rdb");
    announcedSeed();
    await inTemporaryFolder(async (dir) => {
      const [keyspace] = fc.sample(arbitraryKeyspace, { seed, numRuns: 1 });
      const whole = rdbOf(keyspace as NonNullable<typeof keyspace>);
      const flipped = Buffer.from(whole);
      flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
      const files = { whole, flipped, short: whole.subarray(0, whole.length - 20), other: Buffer.from("not an RDB") };
      for (const [name, bytes] of Object.entries(files)) {
        const file = path.join(dir, name);
        writeFileSync(file, bytes);
        const [ours, redis] = [run(program("check-rdb-main"), file), run([theirs], file)];
        expect(ours.status, name).to.equal(redis.status);
        expect(ours.text.includes("RDB looks OK!"), name).to.equal(redis.text.includes("RDB looks OK!"));
        expect(ours.text.includes("--- RDB ERROR DETECTED ---"), name).to.equal(ours.status === 1);
        if (ours.status !== 0) continue;
        for (const count of ["keys read", "expires", "already expired"]) {
          const line = new RegExp(`\\[info\\] \\d+ ${count}`);
          expect(line.exec(ours.text)?.[0]).to.equal(line.exec(redis.text)?.[0]);
        }
      }
    });
  });

  it("judge logs alike, down to the byte up to which they are sound", async function () {
    const theirs = needExecutable(this, "redis-check-aof");
    const set = formatRecord(["SET", "k", "some\r\nvalue"]);
    const [multi, exec] = [formatRecord(["MULTI"]), formatRecord(["EXEC"])];
    const logs = [
      set + set,
      `#TS:1628217470\r\n${set}`,
      set + set.slice(0, -1),
      set + multi + set,
      set + multi + set + exec + set.slice(0, 9),
      `${set}${set.replace("value\r\n", "value..")}`,
      `${set}\0\0\0\0`,
    ];
    await inTemporaryFolder(async (dir) => {
      for (const [at, text] of logs.entries()) {
        const file = path.join(dir, `${at}.aof`);
        writeFileSync(file, text, "latin1");
        const [ours, redis] = [run(program("check-aof-main"), file), run([theirs], file)];
        const analysed = /size=\d+, ok_up_to=\d+/;
        expect(ours.status, `log ${at}: ${ours.text}`).to.equal(redis.status);
        expect(analysed.exec(ours.text)?.[0], `log ${at}: ${ours.text}\n${redis.text}`).to.equal(
          analysed.exec(redis.text)?.[0],
        );
      }
    });
  });
});
