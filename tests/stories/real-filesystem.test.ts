/**
 * Real file systems on a recorded disk: what they make of a power cut is what a user would find, and nothing of a mount
 * or a loop device outlives the volume.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { FilesystemVolume } from "../../harness/block/filesystem-volume.ts";
import { filesystemNames, filesystems } from "../../harness/block/filesystems.ts";
import { MountedImages } from "../../harness/block/mounted-images.ts";
import { crashPoints } from "../../harness/disk/crash-points.ts";
import { crashStates } from "../../harness/disk/crash-states.ts";
import { diskModelNamed } from "../../harness/disk/disk-models.ts";
import type { Image } from "../../harness/disk/image.ts";
import { Timeline } from "../../harness/disk/timeline.ts";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import { randomFrom } from "../../harness/random.ts";
import { RunFolder } from "../../harness/run-folder.ts";
import { missing } from "../needs.ts";

const textOf = (files: Image, name: string) => {
  const node = files.get(name);
  return node?.kind === "file" ? Buffer.from(node.bytes).toString() : undefined;
};

for (const name of filesystemNames) {
  describe(`${name} on a recorded disk`, function () {
    this.timeout(60_000);
    let run: RunFolder;
    let volume: FilesystemVolume | undefined;

    beforeEach(async function () {
      run = new RunFolder();
      volume = undefined;
      try {
        volume = await FilesystemVolume.create(run, filesystems[name]);
      } catch (error) {
        await run.dispose();
        // Not every user's machine has loop devices and three kinds of mkfs: the models stand without them.
        if (!(error instanceof VolumeUnavailable)) throw error;
        missing(this, error.message);
      }
    });

    afterEach(async () => {
      await volume?.dispose();
      await run.dispose();
    });

    /** What the file system makes of the least that an honest disk keeps, at the first moment and at the last. */
    async function firstAndLast(): Promise<Image[]> {
      const journal = await (volume as FilesystemVolume).journal();
      try {
        const timeline = new Timeline(journal);
        const { firstPointIndex: firstIndex } = timeline;
        const random = randomFrom("seed");
        const endNs = Number.MAX_SAFE_INTEGER;
        const points = crashPoints(journal, { random, endNs, firstIndex, windows: [] });
        const ends = [points[0], points.at(-1)].flatMap((point) => (point === undefined ? [] : [point]));
        const images = new MountedImages(filesystems[name], run.newVolume().dir);
        const found: Image[] = [];
        for (const state of crashStates(timeline, ends, { models: [diskModelNamed("ordered")], random, setsMax: 1 })) {
          found.push(await images.filesIn(state.image()));
        }
        await images.close();
        return found;
      } finally {
        journal.close();
      }
    }

    it("keeps through a power cut what was synced, and nothing from before it was there", async () => {
      await volume?.run("sh", ["-c", 'cd "$1" && printf synced > a && sync a', "sh", volume.dir]);
      const live = await volume?.image();
      expect(textOf(live as Image, "a")).to.equal("synced");
      const [first, last] = await firstAndLast();
      expect(textOf(first as Image, "a")).to.equal(undefined);
      expect(textOf(last as Image, "a")).to.equal("synced");
    });

    it("leaves no mount and no loop device behind", async () => {
      await volume?.lay(new Map([["kept", { kind: "file", bytes: Buffer.from("laid") }]]));
      const [first] = await firstAndLast();
      expect(textOf(first as Image, "kept")).to.equal("laid");
      const isHere = () => `${execFileSync("losetup", ["--all"])}${readFileSync("/proc/self/mountinfo", "utf8")}`;
      await volume?.dispose();
      volume = undefined;
      // The kernel gives a loop device up a moment after its mount.
      for (let turn = 0; turn < 200 && isHere().includes(run.dir); turn++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(isHere()).to.not.include(run.dir);
    });
  });
}
