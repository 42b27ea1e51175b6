/**
 * Damage, kind by kind: the start ends, the log names the file, the place and what was expected there, and every file
 * is as it was, so that it is the operator who decides. One kind of damage is what a crash leaves: a short end of the
 * last file, which is cut off, loudly.
 */
import { expect } from "chai";
import { FakeDisk } from "../tests/worlds/fake-disk.ts";
import { linesOfRefusal, serve } from "../tests/worlds/served.ts";
import { formatRecord } from "./aof/record-buffer.ts";
import type { Settings } from "./config/config.ts";

const dump = "/d/dump.rdb";
const folder = "/d/appendonlydir";
const manifest = `${folder}/appendonly.aof.manifest`;
const base = `${folder}/appendonly.aof.2.base.rdb`;
const commandBase = `${folder}/appendonly.aof.2.base.aof`;
const first = `${folder}/appendonly.aof.2.incr.aof`;
const last = `${folder}/appendonly.aof.3.incr.aof`;
const single = "/d/appendonly.aof";
const withLog = { appendonly: true, appendfsync: "always" } as const;
const hardened = { ...withLog, "lossbound-aof-batch-checksum": true } as const;

const records = (...lines: string[]): string => lines.map((line) => formatRecord(line.split(" "))).join("");

interface Damage {
  readonly what: string;
  /** The file that is damaged. */
  readonly path: string;
  readonly damage: (whole: string) => string;
  /** The file that is named, where it is another one. */
  readonly named?: string;
  /** Beside the name of the file: the place, and what was expected there. */
  readonly says: RegExp;
}

const snapshot = [
  { what: "no magic", damage: exchange("REDIS0", "RABBI0"), says: /offset 0: an RDB file begins with "REDIS"/ },
  { what: "a version of the future", damage: exchange("REDIS0010", "REDIS0099"), says: /offset 5: .*reads 1 to 12/ },
  { what: "an unknown type", damage: exchange("\0\x01a", "\x66\x01a"), says: /offset 82: a type .*expected/ },
  { what: "a short end", damage: (whole: string) => whole.slice(0, -12), says: /offset 84: one byte expected, 0 left/ },
  { what: "a wrong checksum", damage: exchange("\0\x01a", "\0\x01b"), says: /offset 88: checksum \w{16} expected/ },
].map((damage): Damage => ({ ...damage, path: dump }));

/** Of a log that begins with a snapshot. */
const logs: readonly Damage[] = [
  ...snapshot.slice(1).map((damage) => ({ ...damage, path: base })),
  { what: "no magic", path: base, damage: exchange("REDIS", "RABBI"), says: /offset 0: a record begins with '\*'/ },
  {
    what: "a bad byte in the middle",
    path: first,
    damage: exchange("$1\r\nc", "!1\r\nc"),
    says: /offset 40: an argument begins with '\$'/,
  },
  {
    what: "a short end, where another file follows",
    path: first,
    damage: (whole) => whole.slice(0, -3),
    says: /offset 27: a whole record or transaction expected/,
  },
  {
    what: "a transaction without its end, where another file follows",
    path: first,
    damage: (whole) => whole + records("MULTI", "SET c 2"),
    says: /offset 54: a whole record or transaction expected/,
  },
  {
    what: "a command that is not known",
    path: last,
    damage: (whole) => records("BLA c 2") + whole,
    says: /offset 0: a command of this server expected/,
  },
  { what: "an unknown key", path: manifest, damage: exchange("\nfile", "\nfilx"), says: /at line 2 of .*Expected/s },
  { what: "a bad type", path: manifest, damage: exchange("type i", "type x"), says: /at line 2 of .*type b, h or i/s },
  { what: "a bad number", path: manifest, damage: exchange("seq 3", "seq 0"), says: /at line 3 of .*numbers from 1/s },
  {
    what: "a name that is not there",
    path: manifest,
    damage: exchange("3.incr", "4.incr"),
    named: `${folder}/appendonly.aof.4.incr.aof`,
    says: /stat: No such file or directory/,
  },
];

/** Of a log that begins with commands. */
const logsOfCommands: readonly Damage[] = [
  {
    what: "a bad byte in the middle",
    path: commandBase,
    damage: exchange("$1\r\na", "!1\r\na"),
    says: /offset 36: an argument begins with '\$'/,
  },
  {
    what: "a short end",
    path: commandBase,
    damage: (whole) => whole.slice(0, -3),
    says: /offset 23: a whole record or transaction expected/,
  },
];

const ofHardenedLog: Damage = {
  what: "a flipped bit below what was durable",
  path: `${folder}/appendonly.aof.1.incr.aof`,
  damage: exchange("SET", "SEU"),
  says: /is damaged at offset \d+, and was durable up to \d+/,
};

describe("a damaged file ends the start with its name, the place and what was expected, and all stays as it is", () => {
  it("where nothing is damaged, everything is loaded", async () => {
    for (const disk of [await laidLog(true), await laidLog(false)]) {
      const { peer } = await serve(withLog, disk);
      expect(peer.ask("MGET a b c d")).to.equal(`*4\r\n${"$1\r\n1\r\n".repeat(4)}`);
    }
  });

  for (const damage of snapshot) {
    it(`${damage.path}: ${damage.what}`, async () => expectRefused({}, await laidDump(), damage));
  }
  for (const damage of logs) {
    it(`${damage.path}: ${damage.what}`, async () => expectRefused(withLog, await laidLog(true), damage));
  }
  for (const damage of logsOfCommands) {
    it(`${damage.path}: ${damage.what}`, async () => expectRefused(withLog, await laidLog(false), damage));
  }

  it(`${ofHardenedLog.path}: ${ofHardenedLog.what}`, async () => {
    const { peer, disk, world } = await serve(hardened);
    peer.ask("SET a 1");
    await world.pass(2500);
    peer.ask("SET b 1");
    await world.pass(2500);
    await expectRefused(hardened, disk.killed(), ofHardenedLog);
  });

  it(`${single}: a bad byte in the middle, found after the file was moved into the folder with all its bytes`, async () => {
    const disk = new FakeDisk("/d");
    const bytes = records("SET a 1", "SET b 1").replace("$1\r\nb", "!1\r\nb");
    disk.put(single, bytes);
    const said = (await linesOfRefusal(withLog, disk)).join("\n");
    expect(said).to.match(/appendonlydir\/appendonly\.aof: damaged at offset 40: an argument begins with '\$'/);
    expect(disk.text(`${folder}/appendonly.aof`)).to.equal(bytes);
    // The next start finds it there, says the same, and touches nothing.
    await expectRefused(withLog, disk.killed(), {
      ...{ what: "again", path: `${folder}/appendonly.aof`, damage: (whole) => whole },
      says: /offset 40: an argument/,
    });
  });
});

describe("a short end of the last file", () => {
  it("is what a crash leaves: it is cut off, with the name, the place and how to have it otherwise", async () => {
    const disk = await laidLog(true);
    const whole = disk.text(last);
    disk.put(last, whole + records("SET e 1").slice(0, -3));
    const { world } = await serve(withLog, disk);
    expect(disk.text(last)).to.equal(whole);
    expect(world.lines.join("\n"))
      .to.contain(`Truncating the AOF appendonly.aof.3.incr.aof at offset ${whole.length}`)
      .and.to.contain("because aof-load-truncated is enabled");
  });

  it("ends the start where aof-load-truncated is off", async () => {
    await expectRefused({ ...withLog, "aof-load-truncated": false }, await laidLog(true), {
      ...{ what: "a short end", path: last, damage: (whole) => whole.slice(0, -3) },
      says: /offset 0: a whole record or transaction expected/,
    });
  });
});

async function expectRefused(
  settings: Partial<Settings>,
  disk: FakeDisk,
  { path, named = path, damage, says }: Damage,
): Promise<void> {
  disk.put(path, damage(disk.text(path)));
  disk.journal.length = 0;
  const before = disk.files().map((file) => [file, disk.text(file)]);
  const said = (await linesOfRefusal(settings, disk)).join("\n");
  expect(said).to.contain(named).and.to.match(says);
  expect(disk.files().map((file) => [file, disk.text(file)])).to.deep.equal(before);
  expect(disk.journal).to.deep.equal([]);
}

/** Damage that fits one place, which must be there. */
function exchange(what: string, by: string): Damage["damage"] {
  return (whole) => {
    expect(whole).to.contain(what);
    return whole.replace(what, by);
  };
}

async function laidDump(): Promise<FakeDisk> {
  const { peer, disk } = await serve({});
  peer.ask("SET a 1", "SAVE");
  return disk.killed();
}

/** A base with key a, an incr file with b and c, another one with d. */
async function laidLog(preamble: boolean): Promise<FakeDisk> {
  const { peer, disk, world } = await serve({ ...withLog, "aof-use-rdb-preamble": preamble });
  peer.ask("SET a 1", "BGREWRITEAOF");
  await world.pass();
  const left = disk.killed();
  left.put(first, records("SET b 1", "SET c 1"));
  left.put(last, records("SET d 1"));
  left.put(manifest, `${left.text(manifest)}file appendonly.aof.3.incr.aof seq 3 type i\n`);
  return left;
}
