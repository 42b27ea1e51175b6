/**
 * A file system does what stores rely on: one suite, held against this machine's own disk and against a recorded volume.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { crashPointAt } from "../../harness/disk/crash-points.ts";
import { crashStates } from "../../harness/disk/crash-states.ts";
import { DirectoryVolume } from "../../harness/disk/directory-volume.ts";
import { diskModelNamed } from "../../harness/disk/disk-models.ts";
import type { Image } from "../../harness/disk/image.ts";
import { Timeline } from "../../harness/disk/timeline.ts";
import { type Volume, VolumeUnavailable } from "../../harness/disk/volume.ts";
import { RecordedVolume } from "../../harness/fuse/recorded-volume.ts";
import { randomFrom } from "../../harness/random.ts";
import type { Journal } from "../../harness/recording/journal.ts";
import { replayPlainly } from "../file-system/plain-replay.ts";
import { fileSystemPromises } from "../file-system/promises.ts";
import type { PromiseResult } from "../file-system/promises-main.ts";
import { missing } from "../needs.ts";

const program = fileURLToPath(new URL("../file-system/promises-main.js", import.meta.url));

const volumes: readonly (readonly [string, (folder: string) => Promise<Volume>])[] = [
  ["this machine's disk", async (folder) => new DirectoryVolume(folder)],
  ["a recorded volume", (folder) => RecordedVolume.create(folder)],
];

for (const [name, create] of volumes) {
  describe(`${name}, as a file system`, () => {
    const seed = randomBytes(4).toString("hex");
    let folder: string;
    let volume: Volume | undefined;
    let results: Map<string, PromiseResult>;

    before(async function () {
      folder = mkdtempSync(path.join(os.tmpdir(), "lossbound-posix-"));
      const dir = path.join(folder, "volume");
      mkdirSync(dir);
      try {
        volume = await create(dir);
      } catch (error) {
        if (error instanceof VolumeUnavailable) missing(this, error.message);
        throw error;
      }
      const plain = { command: process.execPath, args: [program, volume.dir, seed] };
      const { command, args } = volume.enter?.(plain.command, plain.args) ?? plain;
      const { stdout } = await execa(command, args, { timeout: 60_000, killSignal: "SIGKILL" });
      results = new Map(stdout.split("\n").map((line) => [(JSON.parse(line) as PromiseResult).name, JSON.parse(line)]));
    });

    after(async () => {
      await volume?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const promise of fileSystemPromises) {
      it(promise.name, function () {
        const result = results.get(promise.name);
        if (result?.missing !== undefined) missing(this, `${result.missing} is not installed`);
        expect(result?.broken).to.equal(undefined);
        expect(result).to.not.equal(undefined);
      });
    }

    if (name === "a recorded volume") {
      it("has a journal that leads exactly to what is on it", async () => {
        const recorded = volume as RecordedVolume;
        const journal = await recorded.journal();
        try {
          expect(journal.records.length).to.be.greaterThan(fileSystemPromises.length);
          const image = await recorded.image();
          expect(digestsOf(replayPlainly(journal))).to.deep.equal(digestsOf(image));
          expect(digestsOf(afterKill(journal))).to.deep.equal(digestsOf(image));
          expect([...image.keys()].length).to.be.greaterThan(30);
        } finally {
          journal.close();
        }
      });
    }
  });
}

/** What a killed process leaves, as the disk models have it. */
function afterKill(journal: Journal): Image {
  const models = [diskModelNamed("process-crash")];
  const points = [crashPointAt(journal, journal.records.length, Number.MAX_SAFE_INTEGER)];
  const [state] = crashStates(new Timeline(journal), points, { models, random: randomFrom("kill"), setsMax: 1 });
  return state?.image() ?? new Map();
}

function digestsOf(image: Image): readonly string[] {
  return [...image].map(([path, node]) => {
    if (node.kind === "directory") return `${path}/`;
    return `${path} ${node.bytes.length} ${createHash("sha256").update(node.bytes).digest("hex")}`;
  });
}
