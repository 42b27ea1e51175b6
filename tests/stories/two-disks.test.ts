/**
 * The simulated disk and the recorded volume, held against each other: one plan is played on both, by the same store, and
 * explored under the same disk models. What holds on one must hold on the other, in every stretch of the run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { diskModels } from "../../harness/disk/disk-models.ts";
import { VolumeUnavailable } from "../../harness/disk/volume.ts";
import type { Explorable } from "../../harness/explore/explorable.ts";
import { exploreRecording } from "../../harness/explore/exploration.ts";
import { RecordedProcess } from "../../harness/explore/recorded-process.ts";
import type { Plan } from "../../harness/plan.ts";
import { plantedBug } from "../../harness/planted/planted.ts";
import { randomFrom } from "../../harness/random.ts";
import { RunFolder } from "../../harness/run-folder.ts";
import { SimulatedWorld } from "../../harness/simulated/simulated-world.ts";
import { simulatedIdentity } from "../../harness/targets/simulated.ts";
import { openTarget } from "../../harness/targets/targets.ts";
import { missing } from "../needs.ts";
import { simulatedPlan } from "../simulated/simulated-plan.ts";

/** A power cut of it loses acked calls under every model but that of a dead process: it says that it synced, and did not. */
const bug = "log-never-synced";
const models = diskModels.filter(({ grade }) => grade !== "adversarial");

/** By model and stretch of the run: whether all pairs held, or one was violated. */
type Verdicts = ReadonlyMap<string, "held" | "violated">;

describe("the simulated disk and the recorded volume", function () {
  this.timeout(120_000);
  let folder: string;
  let run: RunFolder;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "two-disks-"));
    run = new RunFolder(folder);
  });
  afterEach(async () => {
    await run.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const plan = simulatedPlan({ seed: "two disks", preset: "always", calls: 60, lastsMs: 600 });

  async function recorded(context: Mocha.Context, target: string): Promise<Verdicts> {
    const opened = await openTarget(target, run);
    try {
      return await verdictsOf(new RecordedProcess(opened, run, folder), plan);
    } catch (error) {
      if (error instanceof VolumeUnavailable) missing(context, error.message);
      throw error;
    } finally {
      await opened.close();
    }
  }

  it("judge the correct store alike: under every model, in every stretch", async function () {
    const onVolume = await recorded(this, "bundled");
    const simulated = await verdictsOf(new SimulatedWorld(), plan);
    expect(differences(onVolume, simulated)).to.deep.equal([]);
    expect([...onVolume.values()]).to.not.include("violated");
    for (const { name } of models) expect([...onVolume.keys()]).to.include(`${name} in load`);
  });

  it("judge a store alike that does not sync, and differ where one of them runs the correct one", async function () {
    const onVolume = await recorded(this, `planted:${bug}`);
    const simulated = await verdictsOf(new SimulatedWorld(plantedBug(bug)), plan);
    // A rewrite syncs files of its own, and how much of the log that covers hangs on real time.
    const underLoad = (difference: string) => difference.includes("in load");
    expect(differences(onVolume, simulated).filter(underLoad)).to.deep.equal([]);
    expect(onVolume.get("ordered in load")).to.equal("violated");
    expect(onVolume.get("process-crash in load")).to.equal("held");
    const correct = await verdictsOf(new SimulatedWorld(), plan);
    expect(differences(onVolume, correct)).to.include("ordered in load: violated and held");
  });
});

/** The same store recovers what either disk leaves, so that nothing but the disk can make a difference. */
async function verdictsOf(world: Explorable, plan: Plan): Promise<Verdicts> {
  const { recording, close } = await world.record(plan);
  const recoverer = await new SimulatedWorld().recoverer(plan.config);
  const verdicts = new Map<string, "held" | "violated">();
  await exploreRecording(
    {
      ...{ recording, config: plan.config, recoverer, models, store: simulatedIdentity },
      promise: { row: "always", store: simulatedIdentity, savePoints: [] },
      ...{ documentedCounts: false, failsUpTo: "realistic", setsMax: 4, sampleMax: 0, jobs: 1 },
      ...{ random: randomFrom("two disks"), deadlineMs: Number.POSITIVE_INFINITY },
      signal: new AbortController().signal,
    },
    ({ state, crash, judgement: { verdict, why } }) => {
      if (verdict === "unknown") throw new Error(`a pair could not be judged: ${why}`);
      const [stretch] = crash.place.split(":");
      for (const { name } of state.models) {
        const key = `${name} in ${stretch}`;
        verdicts.set(key, verdict === "violated" ? verdict : (verdicts.get(key) ?? "held"));
      }
    },
  );
  await recoverer.close();
  await close();
  return verdicts;
}

/** Of the stretches that both runs passed. */
function differences(one: Verdicts, other: Verdicts): string[] {
  return [...one].flatMap(([key, verdict]) => {
    const there = other.get(key);
    return there === undefined || there === verdict ? [] : [`${key}: ${verdict} and ${there}`];
  });
}
