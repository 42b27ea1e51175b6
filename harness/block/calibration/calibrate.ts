/**
 * Asks a real file system whether the disk models are right about it. It is put through drills on a recorded disk; the
 * disk is cut wherever it can be, the file system itself puts each cut image in order, and what is then there is asked:
 *
 *     drill ──▶ recorded blocks ──cut──▶ images ──mount──▶ sightings ──▶ every law    kept / broken, seen / not seen
 *                                                                   └──▶ every model  left such a state, or not
 *
 * A model is confirmed when a state was left that it admits and that no milder one does: then what it accuses a disk of
 * is what this file system really does. What no model admits is told, too: there the models know too little.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { release } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { crashPoints } from "../../disk/crash-points.ts";
import { type CrashState, crashStates } from "../../disk/crash-states.ts";
import type { DiskFault } from "../../disk/disk-fault.ts";
import type { DiskModel, LawId } from "../../disk/disk-model.ts";
import { diskModelNamed, diskModels } from "../../disk/disk-models.ts";
import type { Image } from "../../disk/image.ts";
import { Timeline } from "../../disk/timeline.ts";
import { type Random, randomFrom } from "../../random.ts";
import type { Journal } from "../../recording/journal.ts";
import type { RunFolder } from "../../run-folder.ts";
import { FilesystemVolume } from "../filesystem-volume.ts";
import type { Filesystem } from "../filesystems.ts";
import { MountedImages, NotMountable } from "../mounted-images.ts";
import { type Drill, imageBefore, journalOf, type StepTimes } from "./drill.ts";
import { drills } from "./drills.ts";
import { type LawVerdict, questions, verdictOn } from "./questions.ts";
import { Sighting } from "./sighting.ts";

export interface Calibration {
  readonly filesystem: Filesystem["name"];
  readonly kernel: string;
  readonly mountOptions: string;
  /** Power cuts whose files were looked at. */
  readonly sightings: number;
  /** After so many power cuts it could not be mounted any more. */
  readonly notMountable: number;
  readonly laws: Readonly<Partial<Record<LawId, LawVerdict>>>;
  /** In how many sightings each model was needed: no milder one explains them. */
  readonly models: Readonly<Record<string, number>>;
  /** Sightings that no model admits, by drill. */
  readonly unexplained: Readonly<Record<string, number>>;
}

/** Cut images of one drill that are mounted. What is cut where nothing else can be drawn comes first. */
const imagesMax = 48;
const jobs = 2;
/** So that what happens while a sync is under way has time to happen. */
const slowDisk: DiskFault = {
  kind: "delay",
  name: "slow disk",
  when: { on: ["fsync", "fdatasync"] },
  delays: { kind: "fixed", ms: 30 },
};
const refusedBlock: DiskFault = {
  kind: "error",
  name: "refused block",
  when: { on: ["write"], nth: { first: 1, last: 1 } },
  code: "EIO",
};
/** A file system commits its journal by itself after seconds: five, thirty. Nobody wants to wait that long here. */
const soonCommits: Readonly<Record<Filesystem["name"], string>> = { ext4: ",commit=1", btrfs: ",commit=1", xfs: "" };

const program = fileURLToPath(new URL(`./drill-main${path.extname(import.meta.url)}`, import.meta.url));
const loader = program.endsWith(".ts") ? process.execArgv : [];

export interface CalibrationOrder {
  readonly run: RunFolder;
  readonly seed: string;
  readonly signal: AbortSignal;
  /** Default: all. */
  readonly drills?: readonly Drill[];
  readonly imagesMax?: number;
  drillEnded?(drill: Drill, sightings: number): void;
}

/** @throws VolumeUnavailable */
export async function calibrate(filesystem: Filesystem, order: CalibrationOrder): Promise<Calibration> {
  const soon = { ...filesystem, options: `${filesystem.options}${soonCommits[filesystem.name]}` };
  const originNs = process.hrtime.bigint();
  const volume = await FilesystemVolume.create(order.run, soon, { originNs });
  const images = new MountedImages(soon, order.run.newVolume().dir);
  const sightings: Sighting[] = [];
  const unexplained: Record<string, number> = {};
  let notMountable = 0;
  try {
    for (const drill of order.drills ?? drills) {
      if (order.signal.aborted) break;
      const seen = await new Exercise(volume, images, drill, originNs, order).sightings();
      sightings.push(...seen.sightings);
      notMountable += seen.notMountable;
      const odd = seen.sightings.filter((sighting) => !diskModels.some((model) => sighting.isAdmittedBy(model)));
      if (odd.length > 0) unexplained[drill.name] = odd.length;
      order.drillEnded?.(drill, seen.sightings.length);
    }
  } finally {
    await images.close();
    await volume.dispose();
  }
  return {
    filesystem: filesystem.name,
    kernel: release(),
    mountOptions: soon.options,
    sightings: sightings.length,
    notMountable,
    laws: Object.fromEntries(questions.map((question) => [question.law, verdictOn(question, sightings)])),
    models: Object.fromEntries(diskModels.map((model) => [model.name, sightings.filter(needs(model)).length])),
    unexplained,
  };
}

/** Whether a sighting is admitted by this model, and by none that thinks better of disks. */
export function needs(model: DiskModel): (sighting: Sighting) => boolean {
  if (model.name === "process-crash") return (sighting) => sighting.isLive && sighting.isAdmittedBy(model);
  const grades = ["must-pass", "realistic", "adversarial"];
  const milder = diskModels.filter(
    ({ name, grade }) =>
      name !== model.name &&
      (grades.indexOf(grade) < grades.indexOf(model.grade) || (name === "prefix" && model.grade !== "must-pass")),
  );
  return (sighting) =>
    !sighting.isLive &&
    sighting.pending(model.commits).length > 0 &&
    sighting.isAdmittedBy(model) &&
    !milder.some((other) => sighting.isAdmittedBy(other));
}

/** One drill on one file system. */
class Exercise {
  readonly #volume: FilesystemVolume;
  readonly #images: MountedImages;
  readonly #drill: Drill;
  readonly #originNs: bigint;
  readonly #order: CalibrationOrder;
  readonly #random: Random;

  constructor(
    volume: FilesystemVolume,
    images: MountedImages,
    drill: Drill,
    originNs: bigint,
    order: CalibrationOrder,
  ) {
    this.#volume = volume;
    this.#images = images;
    this.#drill = drill;
    this.#originNs = originNs;
    this.#order = order;
    this.#random = randomFrom(`${order.seed}/${volume.filesystem.name}/${drill.name}`);
  }

  async sightings(): Promise<{ readonly sightings: readonly Sighting[]; readonly notMountable: number }> {
    await this.#volume.lay(imageBefore(this.#drill));
    await this.#volume.arm([slowDisk], this.#order.seed);
    const times = await this.#perform();
    const endNs = Number(process.hrtime.bigint() - this.#originNs);
    await this.#volume.disarm(slowDisk.name);
    const asked = journalOf(this.#drill, times);
    const live = new Sighting(asked, asked.records.length, await this.#volume.image(), true);
    const cut = await this.#cutEverywhere(asked, endNs);
    return { sightings: [live, ...cut.sightings], notMountable: cut.notMountable };
  }

  /** Resolves with when each step began and ended. */
  async #perform(): Promise<StepTimes[]> {
    const { dir } = this.#volume;
    const steps = JSON.stringify(this.#drill.steps);
    const args = [...loader, program, dir, String(this.#originNs), steps];
    const line = this.#volume.enter(process.execPath, args);
    const child = spawn(line.command, line.args, { stdio: ["pipe", "pipe", "pipe"] });
    const ended = once(child, "close");
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    const times: StepTimes[] = [];
    for await (const text of createInterface({ input: child.stdout })) {
      const told = JSON.parse(text) as StepTimes | { readonly ready: number };
      if ("ready" in told) {
        await this.#volume.arm([refusedBlock], this.#order.seed);
        child.stdin.write("\n");
      } else {
        times.push(told);
        if (this.#drill.steps[told.step]?.do === "sync-badly") await this.#volume.disarm(refusedBlock.name);
      }
    }
    const [, signal] = (await ended) as [number | null, string | null];
    if (signal !== "SIGKILL") throw new Error(`the drill ${this.#drill.name} ended early: ${complaint}`);
    return times;
  }

  async #cutEverywhere(asked: Journal, endNs: number) {
    const journal = await this.#volume.journal();
    try {
      const byDisk = this.#chosen(journal, endNs);
      const sightings: Sighting[] = [];
      let notMountable = 0;
      const queue = byDisk.values();
      const job = async (): Promise<void> => {
        for (const states of queue) {
          if (this.#order.signal.aborted) return;
          const files = await filesIn(this.#images, (states[0] as CrashState).image());
          if (files === undefined) notMountable++;
          else for (const state of states) sightings.push(new Sighting(asked, pointIn(asked, state), files));
          await sleep(0);
        }
      };
      await Promise.all(Array.from({ length: jobs }, job));
      return { sightings, notMountable };
    } finally {
      journal.close();
    }
  }

  /** Crash states by the disk that they leave, a sample of them: every flush, and beyond them any blocks. */
  #chosen(journal: Journal, endNs: number): CrashState[][] {
    const timeline = new Timeline(journal);
    const { firstPointIndex: firstIndex } = timeline;
    const points = crashPoints(journal, { random: this.#random, endNs, firstIndex, windows: [] });
    const models = ["ordered", "prefix", "pages"].map(diskModelNamed);
    const byDisk = new Map<string, CrashState[]>();
    for (const state of crashStates(timeline, points, { models, random: this.#random, setsMax: 4 })) {
      const known = byDisk.get(state.signature);
      if (known === undefined) byDisk.set(state.signature, [state]);
      else known.push(state);
    }
    const isLeast = (states: readonly CrashState[]) =>
      states.some((state) => state.models.some(({ name }) => name === "ordered"));
    const all = this.#random.shuffled([...byDisk.values()]);
    return [...all.filter(isLeast), ...all.filter((states) => !isLeast(states))].slice(
      0,
      this.#order.imagesMax ?? imagesMax,
    );
  }
}

async function filesIn(images: MountedImages, disk: Image): Promise<Image | undefined> {
  try {
    return await images.filesIn(disk);
  } catch (error) {
    if (error instanceof NotMountable) return undefined;
    throw error;
  }
}

/** What had been asked for when the power went: all that began before the crash point's interval was over (S1). */
function pointIn({ records }: Journal, { point }: CrashState): number {
  const after = records.findIndex(({ stampNs }) => stampNs >= point.interval.endNs);
  return after < 0 ? records.length : after;
}
