/**
 * A store in a container: a local image, its own command line with the preset's directives behind it.
 *
 *     IMAGE  ENTRYPOINT CMD --save … --appendonly yes …
 *       /data         the volume: a folder, a recorded volume, or a real file system on one
 *       /lossbound    the instance's folder: its unix socket
 *
 * It needs no network, and has none. What the engine binds into it is looked at from outside, in the process's own mount
 * table: whoever is not seen there on the very volume that was meant is not on it, and its recording would be of nothing.
 */
import { chmodSync } from "node:fs";
import path from "node:path";
import { type ContainerRuntimeClient, GenericContainer, ImageName } from "testcontainers";
import { type Volume, type VolumeKind, VolumeUnavailable } from "../disk/volume.ts";
import { mountAt } from "../fuse/mount-table.ts";
import type { RunFolder } from "../run-folder.ts";
import { lastValue } from "./config-file.ts";
import { canHaveRyuk, findEngine, isStatus, removeContainer, removeContainers, runLabel } from "./container-engine.ts";
import { ContainerInstance } from "./container-instance.ts";
import { identifyStore } from "./identity.ts";
import { type ImageFacts, InsideContainer } from "./inside-container.ts";
import type { Spawn } from "./spawn.ts";
import {
  type Config,
  type Instance,
  type StartOptions,
  type StoreIdentity,
  type Target,
  TargetUnavailable,
} from "./target.ts";

const patienceMsDefault = 60_000;
const instancePlace = "/lossbound";
const dataPlace = "/data";

/**
 * @param spawn for stores that are started by the hundred: inside one container that stays.
 * @throws TargetUnavailable when there is no engine, or it has no such image and cannot get it
 */
export async function openContainerTarget(image: string, run: RunFolder, spawn?: Spawn): Promise<Target> {
  const engine = await findEngine();
  const facts = await inspectImage(image, engine);
  run.expectContainers();
  const target = new ContainerTarget(facts, await canHaveRyuk(engine), engine, run);
  if (spawn === undefined) return target;
  try {
    return new InsideContainer(facts, await target.hold(), run, spawn, target);
  } catch (error) {
    await target.close();
    throw error;
  }
}

/** @throws TargetUnavailable */
async function inspectImage(image: string, engine: ContainerRuntimeClient): Promise<ImageFacts> {
  const name = ImageName.fromString(image);
  try {
    await engine.image.pull(name);
    const { Config: config } = await engine.image.inspect(name);
    const command = words(config.Cmd);
    if (command.length === 0) {
      throw new TargetUnavailable(`the image ${image} names no command: there is nothing to hand directives to`);
    }
    return {
      name: image,
      entrypoint: words(config.Entrypoint),
      command,
      environment: words(config.Env),
      workingDir: config.WorkingDir || "/",
    };
  } catch (error) {
    if (error instanceof TargetUnavailable) throw error;
    const why = (error as Error).message.trim();
    throw new TargetUnavailable(
      `the image ${image} is not here and cannot be had: ${why}. Where no registry answers: docker load, or build it here`,
    );
  }
}

function words(said: string | string[] | undefined | null): string[] {
  return typeof said === "string" ? [said] : (said ?? []);
}

interface Bind {
  readonly source: string;
  readonly target: string;
}

/** What the library does not offer by name. */
class StoreContainer extends GenericContainer {
  /** As a mount, and not as what `-v` makes: of a folder that it does not see, an engine would make an empty one. */
  withMounts(binds: readonly Bind[]): this {
    this.hostConfig.Mounts = binds.map(({ source, target }) => ({ Type: "bind", Source: source, Target: target }));
    return this;
  }

  /** It sees the processes of this machine, as those do that are started inside it from here. */
  withProcessesOfThisMachine(): this {
    this.hostConfig.PidMode = "host";
    return this;
  }
}

export class ContainerTarget implements Target {
  readonly name: string;
  readonly kind = "container";
  readonly diesAtDiskOperation = false;
  readonly volumes: ReadonlySet<VolumeKind> = new Set(["directory", "recorded", "filesystem"]);
  readonly needsExposedVolumes = true;
  private readonly image: ImageFacts;
  private readonly withRyuk: boolean;
  private readonly engine: ContainerRuntimeClient;
  private readonly run: RunFolder;
  private readonly beingMade = new Set<Promise<unknown>>();

  constructor(image: ImageFacts, withRyuk: boolean, engine: ContainerRuntimeClient, run: RunFolder) {
    this.name = `docker:${image.name}`;
    this.image = image;
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
    return whenReady(instance, options);
  }

  async launch(volume: Volume, config: Config, options: StartOptions = {}): Promise<Instance> {
    const folder = this.newInstanceFolder();
    const container = this.container(config, [
      { source: volume.dir, target: dataPlace },
      { source: folder, target: instancePlace },
    ]).withEnvironment({ ...options.environment });
    if (options.memoryBytesMax !== undefined) {
      const gigabytes = options.memoryBytesMax / 1024 ** 3;
      container.withResourcesQuota({ memory: gigabytes });
    }
    const id = await this.make(container);
    try {
      return await this.instanceOf(id, folder, config, options.patienceMs, volume);
    } catch (error) {
      await removeContainer(this.engine, id);
      throw error;
    }
  }

  /**
   * A container that serves an empty folder and stays. The run's whole folder is in it, under the name that it has here.
   * @throws TargetUnavailable where it is not to be seen from here
   */
  async hold(): Promise<number> {
    const config: Config = [["save", ""]];
    const folder = this.newInstanceFolder();
    // Whoever an image drops to must reach what is below; what that is called is not to be seen.
    chmodSync(this.run.dir, 0o711);
    const container = this.container(config, [
      { source: this.run.newVolume().dir, target: dataPlace },
      { source: folder, target: instancePlace },
      { source: this.run.dir, target: this.run.dir },
    ]).withProcessesOfThisMachine();
    const instance = await this.instanceOf(await this.make(container), folder, config);
    await whenReady(instance);
    if (instance.pid === 0) throw new TargetUnavailable(`the engine's processes are not to be seen here. ${besideIt}`);
    return instance.pid;
  }

  private newInstanceFolder(): string {
    const folder = this.run.newInstanceFolder();
    // An image may drop to a user of its own, who must be able to make the socket.
    chmodSync(folder, 0o777);
    return folder;
  }

  private container(config: Config, binds: readonly Bind[]): StoreContainer {
    const placement: Config = [
      ["port", "0"],
      ["unixsocket", `${instancePlace}/s`],
      ["unixsocketperm", "777"],
      ["dir", dataPlace],
      ["daemonize", "no"],
      ["logfile", ""],
    ];
    const flags = [...config, ...placement].flatMap(([name, ...values]) => [`--${name}`, ...values]);
    const container = new StoreContainer(this.image.name)
      .withCommand([...this.image.command, ...flags])
      .withLabels({ [runLabel]: this.run.id })
      .withMounts(binds)
      .withNetworkMode("none")
      .withAutoCleanup(this.withRyuk)
      .withAutoRemove(false);
    // Whomever the image names: the files of the store are ours to lay down, to read and to remove.
    if (process.getuid === undefined || process.getgid === undefined) return container;
    return container.withUser(`${process.getuid()}:${process.getgid()}`);
  }

  /** @throws TargetUnavailable when the engine does not see our folders */
  private async make(container: StoreContainer): Promise<string> {
    const made = container.start();
    this.beingMade.add(made);
    try {
      return (await made).getId();
    } catch (error) {
      const { message } = error as Error;
      if (!isStatus(error, 400) || !message.includes("bind source path does not exist")) throw error;
      throw new TargetUnavailable(`the engine does not see the folders of this machine. ${besideIt}`);
    } finally {
      this.beingMade.delete(made);
    }
  }

  private async instanceOf(
    id: string,
    folder: string,
    config: Config,
    patienceMs = patienceMsDefault,
    volume?: Volume,
  ): Promise<ContainerInstance> {
    const pid = await this.pidOf(id, folder, volume);
    const password = lastValue(config, "requirepass");
    return new ContainerInstance(this.engine, this.run, { id, pid, folder, password, patienceMs });
  }

  /**
   * Of this machine, and proven: the process has the instance's folder where we had it put. An engine that runs elsewhere
   * tells a number too, and here that may be anybody's.
   * @throws VolumeUnavailable when it runs, and not on that volume
   */
  private async pidOf(id: string, folder: string, volume: Volume | undefined): Promise<number> {
    const { Pid: pid } = (await this.engine.container.getById(id).inspect()).State;
    const isOurs = mountAt(instancePlace, pid)?.root.endsWith(`/${this.run.id}/${path.basename(folder)}`) === true;
    if (volume === undefined || volume.kind === "directory") return isOurs ? pid : 0;
    const device = mountAt(volume.dir)?.device;
    if (isOurs && mountAt(dataPlace, pid)?.device === device) return pid;
    // One that has ended already refused its config, or what is on the volume.
    if (!(await this.engine.container.getById(id).inspect()).State.Running) return 0;
    const reason = "the engine of containers does not see what is mounted here";
    throw new VolumeUnavailable(volume.kind, reason, besideIt);
  }
}

const besideIt =
  "Run lossbound on the machine of the engine, and in the same mount namespace: not in a container, nor over DOCKER_HOST.";

async function whenReady(instance: Instance, { patienceMs }: StartOptions = {}): Promise<Instance> {
  try {
    await instance.ready(patienceMs);
    return instance;
  } catch (error) {
    await instance.dispose();
    throw error;
  }
}
