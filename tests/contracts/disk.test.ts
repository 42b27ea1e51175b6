/** A Disk is a Disk: the real one and the simulated one are asked the same, at random, and must answer alike. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type Random, randomFrom } from "../../harness/random.ts";
import { SimDisk } from "../../harness/sim/sim-disk.ts";
import { realDisk } from "../../server/world/real-disk.ts";
import { type Disk, DiskError, type DiskFile, type OpenMode } from "../../server/world/world.ts";
import { PlainProcess, PlainTime } from "../worlds/plain-time.ts";

const baseSeed = process.env.SEED ?? String(Date.now());
const names = ["a", "b", "c", "folder", "folder/a", "folder/b", "folder/deeper", "missing/a", "a/below"];
const modes: readonly OpenMode[] = ["read", "update", "append", "create"];

/** One disk with the files that are open on it; slots of the same number belong together. */
class Asked {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #open = new Map<number, DiskFile>();

  constructor(disk: Disk, dir: string) {
    this.#disk = disk;
    this.#dir = dir;
  }

  /** What it answers, as plain data; an error as its code, its operation, and the path below the folder. */
  ask(question: Question): unknown {
    try {
      return this.#answer(question);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return [error.code, error.operation, path.relative(this.#dir, error.path)];
    }
  }

  #answer({ verb, name, other, how, slot, text, offset, length }: Question): unknown {
    const at = (below: string) => path.join(this.#dir, below);
    const file = this.#open.get(slot);
    switch (verb) {
      case "open":
        // A DiskFile is a file; what a descriptor of a folder can do is no part of the contract.
        if (this.#disk.kind(at(name)) === "directory") return "a folder";
        this.#open.set(slot, this.#disk.open(at(name), how));
        return "opened";
      case "kind":
        return this.#disk.kind(at(name));
      case "size":
        return this.#disk.kind(at(name)) === "directory" ? "any" : this.#disk.size(at(name));
      case "rename":
        return this.#disk.rename(at(name), at(other));
      case "remove":
        return this.#disk.remove(at(name));
      case "makeDir":
        return this.#disk.makeDir(at(name));
      case "list":
        return this.#disk.list(at(name));
      case "syncDir":
        return this.#disk.syncDir(at(name));
      case "append":
        return file?.append(Buffer.from(text));
      case "overwrite": {
        const bytes = Buffer.from(text);
        // Beyond what is there, it is no part of the contract.
        if (file === undefined || offset + bytes.length > file.size()) return "beyond";
        return file.overwrite(offset, bytes);
      }
      case "read":
        return file === undefined ? undefined : Buffer.from(file.read(offset, length)).toString("latin1");
      case "truncate":
        return file?.truncate(offset);
      case "fileSize":
        return file?.size();
      case "syncNow":
        return file?.syncNow();
      case "close":
        file?.close();
        this.#open.delete(slot);
        return "closed";
    }
  }

  closeAll(): void {
    for (const file of this.#open.values()) file.close();
  }
}

const verbs = [
  ["open", 4],
  ["append", 6],
  ["overwrite", 2],
  ["read", 4],
  ["rename", 3],
  ["truncate", 2],
  ["remove", 1],
  ["makeDir", 1],
  ["list", 1],
  ["kind", 1],
  ["size", 1],
  ["fileSize", 1],
  ["syncDir", 0.3],
  ["syncNow", 0.3],
  ["close", 1],
] as const;

interface Question {
  readonly verb: (typeof verbs)[number][0];
  readonly name: string;
  readonly other: string;
  readonly how: OpenMode;
  readonly slot: number;
  readonly text: string;
  readonly offset: number;
  readonly length: number;
}

function drawQuestion(random: Random): Question {
  return {
    verb: random.weighted(verbs),
    name: random.pick(names),
    other: random.pick(names),
    how: random.pick(modes),
    slot: random.below(3),
    text: "abcdefghij".slice(0, 1 + random.below(10)),
    offset: random.below(30),
    length: 1 + random.below(20),
  };
}

describe("the real disk and the simulated one", function () {
  this.timeout(60_000);

  it("answer alike, whatever they are asked", () => {
    for (let round = 0; round < 60; round++) {
      const random = randomFrom(`${baseSeed}/${round}`);
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), "lossbound-disks-"));
      const sim = SimDisk.with(new Map(), { time: new PlainTime(), dir: "/data" });
      const [real, simulated] = [new Asked(realDisk, dir), new Asked(sim.of(new PlainProcess(1)), "/data")];
      const asked: string[] = [];
      try {
        for (let count = 0; count < 80; count++) {
          const question = drawQuestion(random);
          asked.push(JSON.stringify(question));
          expect(
            simulated.ask(question),
            `SEED=${baseSeed}, round ${round}:\n${asked.slice(-6).join("\n")}`,
          ).to.deep.equal(real.ask(question));
        }
      } finally {
        real.closeAll();
        fs.rmSync(dir, { recursive: true });
      }
    }
  });
});
