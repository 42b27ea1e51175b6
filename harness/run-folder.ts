/**
 * The folder of one run of the harness: everything it makes on this machine, and the list of what it started.
 *
 *     TMPDIR/lossbound-PID-TICKS-NAME/       whose it is: the harness's pid and start time
 *       ├─ processes                         a JSON line for each store started: pid and start time
 *       ├─ containers                        there when containers were started: they carry the folder's name as a label
 *       ├─ d1/ …                             volumes: the data folder that a store is given
 *       └─ i1/ …                             instances: config file, log, socket
 *
 * The name is the pid file: made in one step, it never stands there without an owner. A harness that is itself killed
 * takes nothing with it, so the next one sweeps: a folder whose owner is dead is emptied of its processes and removed.
 * It touches only what carries two proofs: a process that was written down, pid and start time alike, or one of its
 * session that stands in this very folder and has no terminal. A user's shell in the folder is left alone.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DirectoryVolume } from "./disk/directory-volume.ts";
import { abortConnectionsOf } from "./fuse/abort.ts";
import { RecordedVolume, type RecordedVolumeOptions } from "./fuse/recorded-volume.ts";
import { unmountBelow } from "./fuse/unmount-below.ts";
import {
  belongsTo,
  canReadProcesses,
  findProcess,
  isAlive,
  listProcesses,
  type ProcessEntry,
  type ProcessIdentity,
} from "./targets/process-table.ts";

const folderName = /^lossbound-(\d+)-(\d+)-[A-Za-z0-9]+$/;

export class RunFolder {
  readonly dir: string;
  private readonly keep: boolean;
  private volumeCount = 0;
  private instanceCount = 0;
  private fileCount = 0;
  private isGivenUp = false;

  /**
   * @param parent where it is made; what is measured there depends on that disk.
   * @param keep leaves everything behind, for somebody who wants to look.
   */
  constructor(parent: string = tmpdir(), keep = false) {
    this.keep = keep;
    const ticks = findProcess(process.pid)?.startTicks ?? 0;
    this.dir = mkdtempSync(path.join(path.resolve(parent), `lossbound-${process.pid}-${ticks}-`));
  }

  /** Names this run to an engine of containers, which knows nothing of folders. */
  get id(): string {
    return path.basename(this.dir);
  }

  newVolume(): DirectoryVolume {
    return new DirectoryVolume(this.newFolder(`d${++this.volumeCount}`));
  }

  /** A volume that records what is done to it. @throws VolumeUnavailable where this machine has no FUSE for us. */
  newRecordedVolume(options: RecordedVolumeOptions = {}): Promise<RecordedVolume> {
    return RecordedVolume.create(this.newFolder(`d${++this.volumeCount}`), options);
  }

  /** Where one instance has its config file, log and socket: never inside its data, which is an image. */
  newInstanceFolder(): string {
    return this.newFolder(`i${++this.instanceCount}`);
  }

  /** A path that nothing has used yet. */
  newFile(name: string, extension: string): string {
    return path.join(this.dir, `${name}-${++this.fileCount}.${extension}`);
  }

  /** To be called at once after the start, so that a sweep knows the process. */
  recordProcess(pid: number): void {
    const identity = findProcess(pid);
    // Gone already: nothing is left to sweep.
    if (identity === undefined) return;
    appendFileSync(path.join(this.dir, "processes"), `${JSON.stringify({ pid, startTicks: identity.startTicks })}\n`);
  }

  /** To be called before the first container is started, so that a sweep asks the engine for them. */
  expectContainers(): void {
    writeFileSync(path.join(this.dir, "containers"), `${this.id}\n`);
  }

  /** A folder of this run that is of no more use. */
  remove(dir: string): void {
    if (!this.keep) rmSync(dir, { recursive: true, force: true });
  }

  /** From now on nothing is started in it. */
  giveUp(): void {
    this.isGivenUp = true;
  }

  /**
   * Ends what still runs of this run, and removes the folder.
   * @returns where everything is now, when it was to be kept: no later start sweeps it.
   */
  async dispose(): Promise<string | undefined> {
    this.giveUp();
    await endProcesses(this.dir);
    unmountBelow(this.dir);
    if (!this.keep) {
      rmSync(this.dir, { recursive: true, force: true });
      return undefined;
    }
    const kept = path.join(path.dirname(this.dir), `kept-${this.id}`);
    renameSync(this.dir, kept);
    return kept;
  }

  private newFolder(name: string): string {
    if (this.isGivenUp) throw new Error("the run was given up: nothing more is started");
    const dir = path.join(this.dir, name);
    mkdirSync(dir);
    return dir;
  }
}

export interface Swept {
  readonly folder: string;
  readonly pids: readonly number[];
  readonly containers: readonly string[];
}

/**
 * Removes what dead harnesses left below `parent`.
 * @param removeContainers ends the containers of a dead run, by its name; asked only when it had started some.
 */
export async function sweepLeftovers(
  parent: string = tmpdir(),
  removeContainers: (runId: string) => Promise<readonly string[]> = noContainers,
): Promise<Swept[]> {
  const swept: Swept[] = [];
  for (const name of readdirSync(parent)) {
    const owner = folderName.exec(name);
    const folder = path.join(path.resolve(parent), name);
    if (owner === null || !isOurs(folder) || ownerLives(Number(owner[1]), Number(owner[2]))) continue;
    const containers = existsSync(path.join(folder, "containers")) ? await removeContainers(name) : [];
    const pids = await endProcesses(folder);
    unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
    swept.push({ folder, pids, containers });
  }
  return swept;
}

async function noContainers(runId: string): Promise<readonly string[]> {
  throw new Error(`${runId} may have left containers, and nobody here can end them`);
}

/** Another user's run is that user's to sweep. A folder that another harness removed meanwhile is nobody's. */
function isOurs(folder: string): boolean {
  const status = statSync(folder, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === process.getuid?.();
}

function ownerLives(pid: number, startTicks: number): boolean {
  if (canReadProcesses) return isAlive({ pid, startTicks });
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** SIGKILL to every process that is proven to be of the run in `folder`; resolves when they are gone. */
async function endProcesses(folder: string): Promise<number[]> {
  const recorded = readLines(path.join(folder, "processes")).map((line) => JSON.parse(line) as ProcessIdentity);
  const found = listProcesses().filter((entry) => isOfRun(entry, folder, recorded));
  for (const { pid } of found) killIfThere(pid);
  for (let waitedMs = 0; found.some(isAlive); waitedMs += 2) {
    // Who waits for a recorded volume that does not answer any more hears of a kill only when that ends.
    if (waitedMs === 1_000)
      abortConnectionsOf(
        found.filter(isAlive).map(({ pid }) => pid),
        folder,
      );
    if (waitedMs > 10_000) throw new Error(`a process of ${folder} outlives SIGKILL: its disk does not answer`);
    await sleep(2);
  }
  return found.map((entry) => entry.pid);
}

function isOfRun(entry: ProcessEntry, folder: string, recorded: readonly ProcessIdentity[]): boolean {
  if (entry.pid === process.pid) return false;
  if (recorded.some(({ pid, startTicks }) => entry.pid === pid && entry.startTicks === startTicks)) return true;
  // A saver whose store is dead; or a store whose harness died before it could write down the pid.
  const begun = entry.sessionId === entry.pid || recorded.some(({ pid }) => entry.sessionId === pid);
  return begun && !entry.hasTerminal && belongsTo(folder, entry);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function readLines(file: string): string[] {
  if (!existsSync(file)) return [];
  // A harness that is killed in the middle of a write leaves half a line; the process of that line is found by folder.
  const text = readFileSync(file, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "");
}
