/**
 * How many crash states of a real file system a second: the cut image of a disk is served, mounted, read out and given
 * back, two at a time. Then the same with a boot of redis-server on each.
 *
 *     npm run bench -- filesystem-states [ext4 xfs btrfs]
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FilesystemVolume } from "../harness/block/filesystem-volume.ts";
import { type Filesystem, filesystemNames, filesystems } from "../harness/block/filesystems.ts";
import { MountedImages } from "../harness/block/mounted-images.ts";
import { crashPoints } from "../harness/disk/crash-points.ts";
import { type CrashState, crashStates } from "../harness/disk/crash-states.ts";
import { diskModelNamed } from "../harness/disk/disk-models.ts";
import { Timeline } from "../harness/disk/timeline.ts";
import { randomFrom } from "../harness/random.ts";
import { runScenario } from "../harness/run.ts";
import { RunFolder } from "../harness/run-folder.ts";
import { Catalogue } from "../scenarios/catalogue.ts";

const jobs = 2;
const statesMax = 150;
/** A log of 300 KB, synced every 10 KB, and a file that is replaced now and then. */
const load = `cd "$1" && for i in $(seq 30); do
  head -c 10000 /dev/urandom >> log && sync log
  head -c 3000 /dev/urandom > temp && mv temp manifest && sync .
done`;

async function images(filesystem: Filesystem, run: RunFolder): Promise<string> {
  const volume = await FilesystemVolume.create(run, filesystem);
  const folder = path.join(mkdtempSync("/dev/shm/lossbound-bench-"), "images");
  mkdirSync(folder);
  const mounted = new MountedImages(filesystem, folder);
  const journal = await volume.run("sh", ["-c", load, "sh", volume.dir]).then(() => volume.journal());
  try {
    const timeline = new Timeline(journal);
    const random = randomFrom("bench");
    const endNs = Number.MAX_SAFE_INTEGER;
    const points = crashPoints(journal, { random, endNs, firstIndex: timeline.firstPointIndex, windows: [] });
    const models = ["ordered", "prefix", "pages"].map(diskModelNamed);
    const states = new Map<string, CrashState>();
    for (const state of crashStates(timeline, points, { models, random, setsMax: 8 }))
      states.set(state.signature, state);
    const queue = random
      .shuffled([...states.values()])
      .slice(0, statesMax)
      .values();
    let done = 0;
    const beganMs = performance.now();
    await Promise.all(
      Array.from({ length: jobs }, async () => {
        for (const state of queue) {
          await mounted.filesIn(state.image());
          done++;
        }
      }),
    );
    const rate = (done * 1_000) / (performance.now() - beganMs);
    return `${done} of ${states.size} distinct states, ${rate.toFixed(1)} states a second`;
  } finally {
    journal.close();
    await mounted.close();
    rmSync(path.dirname(folder), { recursive: true });
    await volume.dispose();
  }
}

async function boots({ name }: Filesystem): Promise<string> {
  const catalogue = new Catalogue();
  const bundlesDir = mkdtempSync(path.join(tmpdir(), "lossbound-bench-"));
  try {
    const { run } = await runScenario(
      {
        scenario: catalogue.scenario("power-cut/everysec").value,
        preset: catalogue.preset("everysec"),
        target: "redis-server",
        filesystem: name,
        seed: "bench",
        budget: { runs: 1, timeMs: 25_000 },
        jobs,
        bundlesDir,
        keep: false,
        signal: new AbortController().signal,
      },
      { cycleEnded: () => undefined },
    );
    const { judged, booted, perSecond } = run.crashStates;
    const rate = judged === 0 ? 0 : (booted / judged) * perSecond;
    return `with redis-server: ${booted} starts, ${rate.toFixed(1)} a second`;
  } finally {
    rmSync(bundlesDir, { recursive: true });
  }
}

const wanted = process.argv.slice(2);
for (const name of filesystemNames.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  const run = new RunFolder();
  try {
    console.log(`${name}: ${await images(filesystems[name], run)}`);
    console.log(`${name}: ${await boots(filesystems[name])}`);
  } finally {
    await run.dispose();
  }
}
