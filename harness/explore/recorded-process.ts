/**
 * Recordings of a real process: it runs on a recorded volume, its clients write down what they are told, and both tracks
 * carry one clock (S2). What is kept of it is a folder that `lossbound explore` opens again:
 *
 *     power-cut-always-1.recording/
 *       ├─ recording.json   target, where the timeline ends
 *       ├─ plan.json        every choice of the run
 *       ├─ history.jsonl    what clients asked and were told, as it happened
 *       ├─ initial.json     what the store held before; there when it went on from a crash
 *       └─ journal/         what the disk was asked: index.jsonl, data
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { FilesystemRecoverer } from "../block/filesystem-recoverer.ts";
import { FilesystemVolume } from "../block/filesystem-volume.ts";
import type { Filesystem, FilesystemName } from "../block/filesystems.ts";
import { MountedImages } from "../block/mounted-images.ts";
import type { Image } from "../disk/image.ts";
import type { LiveRun } from "../faults/fault.ts";
import { faults } from "../faults/faults.ts";
import { ControlError } from "../fuse/control.ts";
import type { RecordedVolume } from "../fuse/recorded-volume.ts";
import { slowSyncs } from "../ground.ts";
import { SaveWatch } from "../measure/save-watch.ts";
import { type Model, type ModelJson, modelFromJson, modelToJson } from "../operations/model.ts";
import type { LinkPlan, Plan, PlannedPowerCut } from "../plan.ts";
import { HistoryWriter, readHistoryFile } from "../recording/history-file.ts";
import type { Journal, JournalRecord } from "../recording/journal.ts";
import { JournalReader } from "../recording/journal-file.ts";
import { MonotonicClock } from "../recording/monotonic-clock.ts";
import type { KillSeen, SaveSeen } from "../recording/recording.ts";
import { readBack } from "../recover/read-back.ts";
import type { RunFolder } from "../run-folder.ts";
import { lastValue } from "../targets/config-file.ts";
import type { Config, Instance, Target } from "../targets/target.ts";
import { Driver } from "../workload/driver.ts";
import { Boots } from "./boots.ts";
import type { Explorable, KeptRecording, LaterLink, Recoverer } from "./explorable.ts";
import { Lives } from "./lives.ts";
import { filledFiles } from "./preload.ts";

const initialName = "initial.json";
export const recordingFormat = "lossbound/recording@1";

/** recording.json */
interface RecordingHeader {
  readonly format: typeof recordingFormat;
  readonly target: string;
  /** The journal is that of a disk with this file system on it. Absent: it is the store's own. */
  readonly filesystem?: FilesystemName;
  readonly endNs: number;
  readonly savesBegunNs: readonly number[];
  /** Beside a file system: what the store told of its snapshots. */
  readonly saves?: readonly SaveSeen[];
  readonly kills?: readonly KillJson[];
}

/** A kill of a real process takes the tree, and recordings of older versions do not say so. */
type KillJson = Omit<KillSeen, "served" | "scope" | "orphans"> & { readonly served: ModelJson };
const ofTheTree = { scope: "tree", orphans: [] } as const;

interface LastLife extends Pick<LiveRun<PlannedPowerCut>, "plan" | "link" | "clock"> {
  readonly volume: RecordedVolume | FilesystemVolume;
}

/** Not a recording, or one of a format that this version does not know: exit 2. */
export class BadRecording extends Error {
  override readonly name = "BadRecording";
}

export class RecordedProcess implements Explorable {
  readonly engine: "recorded" | "filesystem";
  private readonly target: Target;
  private readonly run: RunFolder;
  private readonly folder: string;
  private readonly filesystem: Filesystem | undefined;

  /**
   * @param folder where recordings are kept; exists.
   * @param filesystem a real one under the store, on a recorded disk. Absent: the store's own operations are recorded.
   */
  constructor(target: Target, run: RunFolder, folder: string, filesystem?: Filesystem) {
    this.engine = filesystem === undefined ? "recorded" : "filesystem";
    this.filesystem = filesystem;
    this.target = target;
    this.run = run;
    this.folder = folder;
  }

  async record(plan: Plan, later?: LaterLink): Promise<KeptRecording> {
    const which = later === undefined ? `${plan.cycle}` : `${plan.cycle}-link-${later.link}`;
    const dir = freeFolder(this.folder, `${plan.scenario}-${plan.preset}-${which}`.replaceAll("/", "-"));
    mkdirSync(dir);
    const header = await this.play(plan, later, dir);
    writeFileSync(path.join(dir, "plan.json"), `${JSON.stringify(plan)}\n`);
    writeFileSync(path.join(dir, "recording.json"), `${JSON.stringify(header, undefined, 1)}\n`);
    return openRecording(dir);
  }

  async recoverer(config: Config, jobs: number): Promise<Recoverer> {
    const boots = await Boots.prepare(this.target.name, config, jobs);
    return this.filesystem === undefined ? boots : new FilesystemRecoverer(this.filesystem, boots);
  }

  async filesIn(disk: Image): Promise<Image> {
    if (this.filesystem === undefined) return disk;
    const images = new MountedImages(this.filesystem, this.run.newVolume().dir);
    try {
      return await images.filesIn(disk);
    } finally {
      await images.close();
    }
  }

  private async play(plan: Plan, later: LaterLink | undefined, dir: string): Promise<RecordingHeader> {
    const linkIndex = later?.link ?? 0;
    const link = plan.links[linkIndex] as LinkPlan<PlannedPowerCut>;
    const clock = new MonotonicClock();
    const { originNs } = clock;
    const { filesystem } = this;
    const options = { originNs, exposed: this.target.needsExposedVolumes ?? false };
    const before = later?.image ?? (await this.filledBefore(plan, link.fault));
    const volume =
      filesystem === undefined
        ? await this.run.newRecordedVolume(options)
        : await FilesystemVolume.create(this.run, filesystem, options);
    if (before !== undefined) await volume.lay(before);
    const file = new HistoryWriter(path.join(dir, "history.jsonl"));
    try {
      const { syncs } = link.fault;
      if (syncs !== undefined) await volume.arm([slowSyncs(syncs)], `${plan.seed}/${plan.cycle}/${linkIndex}`);
      const start = () => this.target.start(volume, plan.config);
      const atFirst = async (instance: Instance) => {
        if (before !== undefined) await keepInitial(instance, dir);
      };
      const lives = new Lives({ start, atFirst, clock, file });
      const { killed = [] } = link.fault;
      let first = link.clients.length;
      for (const life of killed) {
        await lives.playToItsKill(life, first);
        first += life.clients.length;
      }
      const on = filesystem !== undefined && { filesystem: filesystem.name };
      const ended = await this.playLast(lives, { plan, link, volume, clock });
      await volume.keepJournal(path.join(dir, "journal"));
      const kills = lives.kills.map((kill) => ({ ...kill, served: modelToJson(kill.served) }));
      const seen = kills.length > 0 && { kills };
      return { format: recordingFormat, target: this.target.name, ...on, ...ended, ...seen };
    } catch (error) {
      // The connection to its process tells that it is gone, and its log why.
      throw error instanceof ControlError && error.code === "GONE" ? await volume.failed : error;
    } finally {
      file.close();
      await volume.dispose();
    }
  }

  private async filledBefore({ config, seed, cycle }: Plan, { preload }: PlannedPowerCut): Promise<Image | undefined> {
    if (preload === undefined) return undefined;
    const scratch = this.run.newVolume();
    try {
      return await filledFiles(this.target, scratch, config, { keys: preload, seed: `${seed}/${cycle}` });
    } finally {
      this.run.remove(scratch.dir);
    }
  }

  /** The life in which the power is cut. */
  private async playLast(
    lives: Lives,
    { plan, link, volume, clock }: LastLife,
  ): Promise<Pick<RecordingHeader, "endNs" | "savesBegunNs" | "saves">> {
    const { config } = plan;
    const instance = await lives.begin();
    if (instance === undefined) return { endNs: lives.endNs, savesBegunNs: [] };
    try {
      const saves = keepsLog(config) ? undefined : new SaveWatch(await instance.connect(), clock);
      const clients = await Promise.all(link.clients.map(({ protocol }) => instance.connect({ protocol })));
      const driver = new Driver(clients, link.clients, lives.recorder(0));
      // Bits rot once the run is over, see rot-recoverer.ts.
      const troubles = (link.fault.diskFaults ?? []).filter(({ kind }) => kind !== "flip");
      if (troubles.length > 0) await volume.arm(troubles, `${plan.seed}/${plan.cycle}/troubles`);
      const live = { plan, link, target: this.target, volume, config, instance, driver, clock };
      const { cut } = await faults["power-cut"].crash(live);
      const seen = (await saves?.stop()) ?? [];
      const savesBegunNs = seen.map(({ startedNs }) => startedNs);
      return { endNs: cut.endNs, savesBegunNs, ...(this.filesystem !== undefined && { saves: seen }) };
    } finally {
      await instance.dispose();
    }
  }
}

/** @throws BadRecording */
export function openRecording(dir: string): KeptRecording {
  const header = headerOf(dir);
  const history = readHistoryFile(path.join(dir, "history.jsonl"));
  const reader = new JournalReader(path.join(dir, "journal"));
  const { endNs, savesBegunNs, saves } = header;
  const kills = header.kills?.map((kill) => ({
    ...ofTheTree,
    ...kill,
    served: modelFromJson(kill.served),
  }));
  const journal = upTo(reader, endNs);
  const initial = initialOf(dir);
  const recording = {
    history,
    ...(initial !== undefined && { initial }),
    journal,
    endNs,
    savesBegunNs,
    ...(saves !== undefined && { saves }),
    ...(kills !== undefined && { kills }),
    digest: digestOf(dir),
  };
  return { recording, dir, close: async () => reader.close() };
}

/** The plan that a kept recording played, and the store that did. @throws BadRecording */
export function planOfRecording(dir: string): {
  readonly plan: Plan;
  readonly target: string;
  readonly filesystem?: FilesystemName;
} {
  const { target, filesystem } = headerOf(dir);
  const plan = JSON.parse(readFileSync(path.join(dir, "plan.json"), "utf8")) as Plan;
  return { plan, target, ...(filesystem !== undefined && { filesystem }) };
}

export function isRecording(dir: string): boolean {
  return existsSync(path.join(dir, "recording.json"));
}

export function forgetRecording(dir: string): void {
  rmSync(dir, { recursive: true });
}

/** What the store serves before its clients write: where the history of this link begins. */
async function keepInitial(instance: Instance, dir: string): Promise<void> {
  const client = await instance.connect();
  const { state } = await readBack(client);
  client.close();
  writeFileSync(path.join(dir, initialName), `${JSON.stringify(modelToJson(state))}\n`);
}

function initialOf(dir: string): Model | undefined {
  const file = path.join(dir, initialName);
  return existsSync(file) ? modelFromJson(JSON.parse(readFileSync(file, "utf8")) as ModelJson) : undefined;
}

function headerOf(dir: string): RecordingHeader {
  const file = path.join(dir, "recording.json");
  if (!existsSync(file)) throw new BadRecording(`${dir} is no recording: it holds no recording.json`);
  const header = JSON.parse(readFileSync(file, "utf8")) as Partial<RecordingHeader>;
  if (header.format !== recordingFormat) throw new BadRecording(`${file} is ${header.format}, not ${recordingFormat}`);
  return header as RecordingHeader;
}

/** What a dying store still did is no part of the run: nobody's history reaches so far. */
function upTo(reader: JournalReader, endNs: number): Journal {
  const after = reader.records.findIndex(({ stampNs }: JournalRecord) => stampNs > endNs);
  const records = after < 0 ? reader.records : reader.records.slice(0, after);
  return { records, dataFile: reader.dataFile, bytes: (kept) => reader.bytes(kept) };
}

function digestOf(dir: string): string {
  const digest = createHash("sha256");
  for (const name of ["history.jsonl", "journal/index.jsonl", "journal/data"]) {
    digest.update(readFileSync(path.join(dir, name)));
  }
  return digest.digest("hex");
}

function keepsLog(config: Config): boolean {
  return lastValue(config, "appendonly") === "yes";
}

function freeFolder(parent: string, name: string): string {
  for (let count = 1; ; count++) {
    const dir = path.join(parent, `${name}${count === 1 ? "" : `-${count}`}.recording`);
    if (!existsSync(dir)) return dir;
  }
}
