/** The laws of the disk models against a real ext4: what is shipped as confirmed is what this machine's kernel does. */
import path from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { type Calibration, calibrate } from "../../harness/block/calibration/calibrate.ts";
import { confirmations } from "../../harness/block/calibration/confirmations.ts";
import { drills } from "../../harness/block/calibration/drills.ts";
import { filesystems } from "../../harness/block/filesystems.ts";
import { drawSeed } from "../../harness/cli/run-all.ts";
import type { LawId } from "../../harness/disk/disk-model.ts";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import { RunFolder } from "../../harness/run-folder.ts";
import { missing } from "../needs.ts";

const main = path.resolve(import.meta.dirname, "../../harness/cli/main.js");

describe("the calibration of the disk models", function () {
  this.timeout(60_000);

  it("finds on a real ext4 what is shipped: syncs keep their word, and commit the names before them", async function () {
    const run = new RunFolder();
    const seed = drawSeed();
    console.log(`      seed ${seed}`);
    let found: Calibration;
    try {
      const { signal } = new AbortController();
      const some = drills.filter(({ name }) => name === "log" || name === "names first");
      found = await calibrate(filesystems.ext4, { run, seed, signal, drills: some, imagesMax: 16 });
    } catch (error) {
      if (!(error instanceof VolumeUnavailable)) throw error;
      missing(this, error.message);
    } finally {
      await run.dispose();
    }
    for (const law of ["L1", "L5", "L6", "L8", "L9"] satisfies LawId[]) {
      expect(found.laws[law]?.confirmed, law).to.equal(true);
      expect(confirmations.ext4.laws).to.include(law);
    }
    expect(found.unexplained).to.deep.equal({});
    expect(found.models.ordered).to.be.greaterThan(0);
  });

  it("is refused with exit code 3 where there are no loop devices", async function () {
    if (process.getuid?.() !== 0) missing(this, "hiding a device needs root");
    // For this command alone: an empty /dev, in a mount namespace of its own.
    const script = 'mount -t tmpfs tmpfs /dev && exec "$@"';
    const args = ["--mount", "sh", "-c", script, "sh", process.execPath, main, "calibrate", "--filesystem", "ext4"];
    const { exitCode, stdout } = await execa("unshare", args, { reject: false });
    expect(stdout).to.match(/no filesystem volume here: there is no \/dev\/loop-control\. Load the module/);
    expect(exitCode).to.equal(3);
  });
});
