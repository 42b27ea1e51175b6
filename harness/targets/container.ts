/**
 * A store in a container: a local image, its own command line with the preset's directives behind it, killed from outside.
 *
 *     IMAGE  ENTRYPOINT CMD --save … --appendonly yes …
 *       /data         the volume
 *       /lossbound    the instance's folder: its unix socket
 *
 * It needs no network, and has none. SIGKILL goes to the process itself, by its pid on this machine, as a kernel that is
 * short of memory would do it; the engine is asked only where that is not allowed. Nothing outlives the first process of
 * a container, so a kill of the process is always one of the tree.
 *
 * Each container carries the run's name as a label. Whoever sweeps after a dead harness finds it by that, and so does
 * Ryuk, where its image is to be had.
 */
import { chmodSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  ImageName,
} from "testcontainers";
import type { Volume, VolumeKind } from "../disk/volume.ts";
import type { RunFolder } from "../run-folder.ts";
import { lastValue } from "./config-file.ts";
import { identifyStore } from "./identity.ts";
import { findProcess, isAlive, listChildren, type ProcessIdentity } from "./process-table.ts";
import { whenServing } from "./readiness.ts";
import { connectTo, type Endpoint, type OracleConnection } from "./resp-client.ts";
import {
  type Config,
  type Ending,
  type Instance,
  RefusedToStart,
  type StartOptions,
  type StoreIdentity,
  type Target,
  TargetUnavailable,
} from "./target.ts";

const runLabel = "lossbound.run";
const patienceMsDefault = 60_000;
const ryukPatienceMs = 20_000;
const exitCodeOfSigkill = 137;

/** @throws TargetUnavailable when there is no engine, or it has no such image and cannot get it */
export async function openContainerTarget(image: string, run: RunFolder): Promise<Target> {
  const engine = await findEngine();
  const name = ImageName.fromString(image);
  try {
    await engine.image.pull(name);
    const { Config: config } = await engine.image.inspect(name);
    const command = config.Cmd;
    if (!Array.isArray(command) || command.length === 0) {
      throw new TargetUnavailable(`the image ${image} names no command: there is nothing to hand directives to`);
    }
    run.expectContainers();
    return new ContainerTarget(image, command, await canHaveRyuk(engine), engine, run);
  } catch (error) {
    if (error instanceof TargetUnavailable) throw error;
    const why = (error as Error).message.trim();
    throw new TargetUnavailable(
      `the image ${image} is not here and cannot be had: ${why}. Where no registry answers: docker load, or build it here`,
    );
  }
}

/** Ends all containers of a run whose harness is dead. */
export async function removeContainers(runId: string): Promise<string[]> {
  const engine = await findEngine();
  const found = await engine.container.dockerode.listContainers({
    all: true,
    filters: { label: [`${runLabel}=${runId}`] },
  });
  for (const { Id: id } of found) await removeContainer(engine, id);
  return found.map(({ Id: id }) => id);
}

/** Whether an engine of containers answers here. */
export async function hasEngine(): Promise<boolean> {
  try {
    await findEngine();
    return true;
  } catch (error) {
    if (error instanceof TargetUnavailable) return false;
    throw error;
  }
}

async function findEngine(): Promise<ContainerRuntimeClient> {
  try {
    return await getContainerRuntimeClient();
  } catch (error) {
    throw new TargetUnavailable(
      `no container engine answers (${(error as Error).message}): start dockerd, or set DOCKER_HOST`,
    );
  }
}

/** A container that was removed by force, as a run that is given up does, can tell nothing any more. */
async function orGone<T, U>(asked: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 404, 409)) return otherwise;
    throw error;
  }
}

function isStatus(error: unknown, ...codes: readonly number[]): boolean {
  return codes.includes((error as { statusCode?: number }).statusCode ?? 0);
}

async function removeContainer(engine: ContainerRuntimeClient, id: string): Promise<void> {
  try {
    await engine.container.getById(id).remove({ force: true, v: true });
  } catch (error) {
    // 404: gone. 409: somebody else is removing it just now.
    if (!isStatus(error, 404, 409)) throw error;
  }
}

/** Without a registry its image cannot be pulled, and nothing would start; then our own label sweep is all there is. */
async function canHaveRyuk(engine: ContainerRuntimeClient): Promise<boolean> {
  const ryuk = getReaper(engine).then(
    () => true,
    () => false,
  );
  return Promise.race([ryuk, sleep(ryukPatienceMs, false, { ref: false })]);
}

class ContainerTarget implements Target {
  readonly name: string;
  readonly kind = "container";
  readonly diesAtDiskOperation = false;
  readonly volumes: ReadonlySet<VolumeKind> = new Set(["directory"]);
  private readonly image: string;
  private readonly command: readonly string[];
  private readonly withRyuk: boolean;
  private readonly engine: ContainerRuntimeClient;
  private readonly run: RunFolder;
  private readonly beingMade = new Set<Promise<unknown>>();

  constructor(
    image: string,
    command: readonly string[],
    withRyuk: boolean,
    engine: ContainerRuntimeClient,
    run: RunFolder,
  ) {
    this.name = `docker:${image}`;
    this.image = image;
    this.command = command;
    this.withRyuk = withRyuk;
    this.engine = engine;
    this.run = run;
  }

  async close(): Promise<void> {
    // One that is only just being made would be missed, and then live for ever.
    await Promise.allSettled(this.beingMade);
    await removeContainers(this.run.id);
  }

  async identify(config: Config = [["save", ""]]): Promise<StoreIdentity> {
    const volume = this.run.newVolume();
    const instance = await this.start(volume, config);
    try {
      return await identifyStore(instance);
    } finally {
      await instance.dispose();
      this.run.remove(volume.dir);
    }
  }

  async start(volume: Volume, config: Config, options: StartOptions = {}): Promise<Instance> {
    const instance = await this.launch(volume, config, options);
    try {
      await instance.ready(options.patienceMs);
      return instance;
    } catch (error) {
      await instance.dispose();
      throw error;
    }
  }

  async launch(volume: Volume, config: Config, options: StartOptions = {}): Promise<Instance> {
    const folder = this.run.newInstanceFolder();
    // An image may drop to a user of its own, who must be able to make the socket.
    chmodSync(folder, 0o777);
    const placement: Config = [
      ["port", "0"],
      ["unixsocket", "/lossbound/s"],
      ["unixsocketperm", "777"],
      ["dir", "/data"],
      ["daemonize", "no"],
      ["logfile", ""],
    ];
    const flags = [...config, ...placement].flatMap(([name, ...values]) => [`--${name}`, ...values]);
    const container = new GenericContainer(this.image)
      .withCommand([...this.command, ...flags])
      .withLabels({ [runLabel]: this.run.id })
      .withEnvironment({ ...options.environment })
      .withBindMounts([
        { source: volume.dir, target: "/data" },
        { source: folder, target: "/lossbound" },
      ])
      .withNetworkMode("none")
      .withAutoCleanup(this.withRyuk)
      .withAutoRemove(false);
    if (process.getuid !== undefined && process.getgid !== undefined) {
      // Whomever the image names: the files of the store are ours to lay down, to read and to remove.
      container.withUser(`${process.getuid()}:${process.getgid()}`);
    }
    if (options.memoryBytesMax !== undefined) {
      const gigabytes = options.memoryBytesMax / 1024 ** 3;
      container.withResourcesQuota({ memory: gigabytes });
    }
    const made = container.start();
    this.beingMade.add(made);
    const id = (await made.finally(() => this.beingMade.delete(made))).getId();
    const { State: state } = await this.engine.container.getById(id).inspect();
    return new ContainerInstance(id, state.Pid, this.engine, this.run, {
      folder,
      password: lastValue(config, "requirepass"),
      patienceMs: options.patienceMs ?? patienceMsDefault,
    });
  }
}

interface Place {
  readonly folder: string;
  readonly password: string | undefined;
  readonly patienceMs: number;
}

class ContainerInstance implements Instance {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  killedHow?: string;
  private readonly id: string;
  private readonly identity: ProcessIdentity | undefined;
  private readonly engine: ContainerRuntimeClient;
  private readonly run: RunFolder;
  private readonly place: Place;
  private endedAs: Ending | undefined;
  private logText = "";

  constructor(id: string, pid: number, engine: ContainerRuntimeClient, run: RunFolder, place: Place) {
    this.id = id;
    this.pid = pid;
    this.identity = pid > 0 ? findProcess(pid) : undefined;
    this.engine = engine;
    this.run = run;
    this.place = place;
    this.ended = this.untilItEnds();
  }

  ending(): Ending | undefined {
    return this.endedAs;
  }

  async ready(patienceMs = this.place.patienceMs): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    const givenUp = () => this.endedAs !== undefined || performance.now() > deadlineMs;
    if (await whenServing({ path: this.socket() }, givenUp)) return;
    const late = this.endedAs === undefined ? [`does not serve after ${patienceMs} ms: killed`] : [];
    if (late.length > 0) await this.kill();
    throw new RefusedToStart(await this.ended, [...this.lastLogLines(20), ...late]);
  }

  connect(options: { readonly protocol?: 2 | 3 } = {}): Promise<OracleConnection> {
    const { password } = this.place;
    return connectTo({ path: this.socket() }, { ...options, ...(password !== undefined && { password }) });
  }

  async kill(): Promise<void> {
    this.killedHow = "by its pid";
    if (!this.signalFromOutside("SIGKILL")) {
      this.killedHow = "by the engine";
      await this.signalThroughEngine("SIGKILL");
    }
    await this.ended;
  }

  /** By the engine, which freezes all that is in it at once. */
  async pause(): Promise<void> {
    await this.engine.container.getById(this.id).pause();
  }

  async goOn(): Promise<void> {
    await this.engine.container.getById(this.id).unpause();
  }

  async ranOutOfMemory(): Promise<boolean> {
    return (await this.engine.container.getById(this.id).inspect()).State.OOMKilled;
  }

  get endpoint(): Endpoint {
    return { path: this.socket() };
  }

  terminate(): void {
    if (this.signalFromOutside("SIGTERM")) return;
    this.signalThroughEngine("SIGTERM").catch((error: unknown) => {
      this.logText += `SIGTERM could not be sent: ${String(error)}\n`;
    });
  }

  async stop(patienceMs = 10_000): Promise<Ending> {
    const client = await this.connect();
    const refused = await client.send(["SHUTDOWN"]).then(
      () => true,
      () => false,
    );
    client.close();
    if (refused) this.terminate();
    const timer = setTimeout(() => this.signalFromOutside("SIGKILL"), patienceMs);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }

  savers(): readonly number[] {
    return this.identity === undefined ? [] : listChildren(this.pid).map((child) => child.pid);
  }

  /** There are none: nothing outlives the first process of a container. */
  letOrphansGoOn(): void {
    if (this.endedAs === undefined) throw new Error("the container still runs: it has no orphans");
  }

  lastLogLines(count: number): readonly string[] {
    return this.logText.trimEnd().split("\n").slice(-count);
  }

  async dispose(): Promise<void> {
    await removeContainer(this.engine, this.id);
    await this.ended;
    this.run.remove(this.place.folder);
  }

  private socket(): string {
    return path.join(this.place.folder, "s");
  }

  /** False where this machine does not show the process, or does not let us. */
  private signalFromOutside(signal: NodeJS.Signals): boolean {
    if (this.identity === undefined || !isAlive(this.identity)) return this.endedAs !== undefined;
    try {
      return process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPERM") return false;
      throw error;
    }
  }

  private async signalThroughEngine(signal: NodeJS.Signals): Promise<void> {
    try {
      await this.engine.container.getById(this.id).kill({ signal });
    } catch (error) {
      // It is not running any more: nobody to kill.
      if (!isStatus(error, 409)) throw error;
    }
  }

  private async untilItEnds(): Promise<Ending> {
    const container = this.engine.container.getById(this.id);
    const { StatusCode: code } = await orGone(container.wait() as Promise<{ StatusCode: number }>, {
      StatusCode: exitCodeOfSigkill,
    });
    this.logText += await this.readLog();
    this.endedAs =
      code === exitCodeOfSigkill ? { exitCode: null, signal: "SIGKILL" } : { exitCode: code, signal: null };
    return this.endedAs;
  }

  private async readLog(): Promise<string> {
    const container = this.engine.container.getById(this.id);
    const stream = await orGone(this.engine.container.logs(container, { tail: 50 }), undefined);
    if (stream === undefined) return "";
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
    return Buffer.concat(chunks).toString("utf8");
  }
}
