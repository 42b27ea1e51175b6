/**
 * A store as a process of this machine: any executable that takes a config file, as redis-server does.
 *
 *     EXECUTABLE [ARGUMENTS…] i1/store.conf
 *
 *       i1/store.conf     the preset's directives, then where to live: dir, socket or port, no daemon
 *       i1/store.log      what it prints
 *       i1/s              its unix socket
 *
 * It leads a session of its own: Ctrl-C at the terminal goes to the harness, which decides; and a kill of the tree is one
 * signal to one group, so that no child outlives its parent by the time between two calls. It listens on a socket in the
 * run's own folder, or on a free port of loopback: never where another store of this machine might answer in its place.
 */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandLine, Volume, VolumeKind } from "../disk/volume.ts";
import type { RunFolder } from "../run-folder.ts";
import { configText, lastValue } from "./config-file.ts";
import { identifyStore, processIdOf } from "./identity.ts";
import { isAlive, listChildren, listGroup, type ProcessEntry } from "./process-table.ts";
import { Patience, whenServing } from "./readiness.ts";
import { connectTo, type Endpoint, type OracleConnection } from "./resp-client.ts";
import { NotStarted, type Spawn } from "./spawn.ts";
import { spawnHere } from "./spawn-here.ts";
import {
  type Config,
  type Ending,
  type Instance,
  type KillScope,
  RefusedToStart,
  type StartOptions,
  type StoreIdentity,
  type Target,
  type TargetKind,
  TargetUnavailable,
} from "./target.ts";

/** How a process is started, for a kind of store. */
export interface Launch {
  readonly name: string;
  readonly kind: TargetKind;
  /** Executable and arguments. `{config}`, `{dir}`, `{port}` and `{socket}` are filled in. */
  readonly command: readonly [string, ...string[]];
  /** How directives are handed over: a file, named last unless the command says where; flags; or not at all. */
  readonly dialect: "redis.conf" | "flags" | "none";
  readonly listen: "socket" | "port";
  readonly patienceMs: number;
  readonly diesAtDiskOperation: boolean;
  readonly redisVersion?: string;
  readonly commands?: ReadonlySet<string>;
  /** It may drop to another user, who must be able to make its socket, and whose socket must be open to us. */
  readonly dropsToAnyUser?: boolean;
}

const patienceMsDefault = 30_000;
const portAttempts = 5;

export class ProcessTarget implements Target {
  readonly name: string;
  readonly kind: TargetKind;
  readonly diesAtDiskOperation: boolean;
  readonly commands?: ReadonlySet<string>;
  readonly volumes: ReadonlySet<VolumeKind> = new Set(["directory", "recorded", "filesystem"]);
  private readonly how: Launch;
  private readonly run: RunFolder;
  private readonly spawn: Spawn;

  constructor(how: Launch, run: RunFolder, spawn: Spawn = spawnHere) {
    this.name = how.name;
    this.kind = how.kind;
    this.diesAtDiskOperation = how.diesAtDiskOperation;
    if (how.commands !== undefined) this.commands = how.commands;
    this.how = how;
    this.run = run;
    this.spawn = spawn;
  }

  async identify(config: Config = [["save", ""]]): Promise<StoreIdentity> {
    const volume = this.run.newVolume();
    const instance = await this.start(volume, config);
    try {
      return await identifyStore(instance, this.how.redisVersion);
    } finally {
      await instance.dispose();
      this.run.remove(volume.dir);
    }
  }

  /** The run's folder knows every process, and ends them. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async start(volume: Volume, config: Config, options: StartOptions = {}): Promise<Instance> {
    for (let attempt = 1; ; attempt++) {
      const instance = await this.launch(volume, config, options);
      try {
        await instance.ready(options.patienceMs);
        return instance;
      } catch (error) {
        await instance.dispose();
        if (!(error instanceof PortTaken) || attempt === portAttempts) throw error;
      }
    }
  }

  async launch(volume: Volume, config: Config, options: StartOptions = {}): Promise<ProcessInstance> {
    const port = this.how.listen === "port" ? await freePort() : undefined;
    // A run that is given up meanwhile finds the process by this folder, in which it stands.
    const folder = this.run.newInstanceFolder();
    const endpoint = port ?? { path: socketPath(folder) };
    const configFile = path.join(folder, "store.conf");
    const logFile = path.join(folder, "store.log");
    const anyUser = this.how.dropsToAnyUser === true;
    if (anyUser) chmodSync(folder, 0o777);
    const permissions: Config = anyUser ? [["unixsocketperm", "777"]] : [];
    const directives = [...config, ...placement(volume.dir, endpoint), ...permissions];
    writeFileSync(configFile, configText(directives));
    const plain = commandLine(this.how, { config: configFile, dir: volume.dir, endpoint }, directives);
    const { command, args } = volume.enter?.(plain.command, plain.args) ?? plain;
    const order = { command, args, cwd: folder, logFile, environment: options.environment ?? {} };
    const { pid, ended } = await this.spawn(order).catch((error: unknown) => {
      if (error instanceof NotStarted) throw new TargetUnavailable(`${command} cannot be started: ${error.message}`);
      throw error;
    });
    this.run.recordProcess(pid);
    const patienceMs = options.patienceMs ?? this.how.patienceMs;
    const password = lastValue(config, "requirepass");
    return new ProcessInstance(pid, ended, this.run, { folder, endpoint, logFile, password, patienceMs });
  }
}

interface Blanks {
  readonly config: string;
  readonly dir: string;
  readonly endpoint: Endpoint;
}

function commandLine({ command, dialect }: Launch, blanks: Blanks, directives: Config): CommandLine {
  const { config, dir, endpoint } = blanks;
  const values: Readonly<Record<string, string>> = {
    "{config}": config,
    "{dir}": dir,
    "{port}": "port" in endpoint ? String(endpoint.port) : "0",
    "{socket}": "path" in endpoint ? endpoint.path : "",
  };
  const fill = (word: string) => word.replace(/\{(config|dir|port|socket)\}/g, (blank) => values[blank] ?? blank);
  const [executable, ...args] = command;
  const filled = args.map(fill);
  if (dialect === "redis.conf" && !args.some((word) => word.includes("{config}"))) filled.push(config);
  if (dialect === "flags") filled.push(...directives.flatMap(([name, ...values]) => [`--${name}`, ...values]));
  return { command: executable, args: filled };
}

/** Where the store lives and listens. It comes last in the file, because the last value of a directive counts. */
function placement(dir: string, endpoint: Endpoint): Config {
  const listen: Config =
    "path" in endpoint
      ? [
          ["port", "0"],
          ["unixsocket", endpoint.path],
        ]
      : [
          ["port", String(endpoint.port)],
          ["bind", endpoint.host],
        ];
  return [...listen, ["dir", dir], ["daemonize", "no"], ["logfile", ""], ["pidfile", ""]];
}

function socketPath(folder: string): string {
  const socket = path.join(folder, "s");
  // What a unix socket's address has room for; beyond it bind(2) would cut the name or fail.
  if (Buffer.byteLength(socket) > 100) throw new TargetUnavailable(`TMPDIR is too long for a socket: ${socket}`);
  return socket;
}

/** Free now, perhaps not in a moment: whoever uses it must be ready to find another one there. */
function freePort(): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("a listening port has no number");
      server.close(() => resolve({ host: "127.0.0.1", port: address.port }));
    });
  });
}

/** Another process took the port between our look and the store's bind. */
class PortTaken extends RefusedToStart {}

/** How to reach an instance and what it leaves. */
interface Place {
  readonly folder: string;
  readonly endpoint: Endpoint;
  readonly logFile: string;
  readonly password: string | undefined;
  readonly patienceMs: number;
}

export class ProcessInstance implements Instance {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  private readonly run: RunFolder;
  private readonly place: Place;
  private endedAs: Ending | undefined;

  constructor(pid: number, ended: Promise<Ending>, run: RunFolder, place: Place) {
    this.pid = pid;
    this.run = run;
    this.place = place;
    this.ended = ended.then((ending) => {
      this.endedAs = ending;
      return ending;
    });
  }

  ending(): Ending | undefined {
    return this.endedAs;
  }

  async ready(patienceMs = this.place.patienceMs): Promise<void> {
    const patience = new Patience(patienceMs);
    const givenUp = () => this.endedAs !== undefined || patience.isOver();
    const serving = await whenServing(this.place.endpoint, givenUp);
    if (serving && (await this.isOurs())) return;
    const isLate = !serving && this.endedAs === undefined;
    if (this.endedAs === undefined) await this.kill("tree");
    const ending = await this.ended;
    const lines = this.lastLogLines(20);
    if (serving || lines.some((line) => line.includes("Address already in use"))) throw new PortTaken(ending, lines);
    const late = isLate ? [`does not serve after ${patienceMs} ms: killed`] : [];
    throw new RefusedToStart(ending, [...lines, ...late]);
  }

  /** On a port somebody else may have been faster, and answers in the store's place. A socket in our folder is ours. */
  private async isOurs(): Promise<boolean> {
    if ("path" in this.place.endpoint) return true;
    const client = await this.connect();
    try {
      const pid = await processIdOf(client);
      return pid === undefined || pid === this.pid;
    } finally {
      client.close();
    }
  }

  connect(options: { readonly protocol?: 2 | 3 } = {}): Promise<OracleConnection> {
    const { endpoint, password } = this.place;
    return connectTo(endpoint, { ...options, ...(password !== undefined && { password }) });
  }

  async kill(scope: KillScope): Promise<void> {
    if (scope === "tree") {
      this.signal(-this.pid, "SIGKILL");
    } else {
      this.signal(this.pid, "SIGKILL");
      this.signal(-this.pid, "SIGSTOP");
    }
    await this.ended;
    if (scope === "tree") await this.whenGroupIsGone();
  }

  terminate(): void {
    this.signal(this.pid, "SIGTERM");
  }

  async pause(): Promise<void> {
    this.signal(-this.pid, "SIGSTOP");
  }

  async goOn(): Promise<void> {
    this.signal(-this.pid, "SIGCONT");
  }

  get endpoint(): Endpoint {
    return this.place.endpoint;
  }

  async stop(patienceMs = 10_000): Promise<Ending> {
    await this.askToShutDown();
    const timer = setTimeout(() => this.signal(this.pid, "SIGKILL"), patienceMs);
    const ending = await this.ended;
    clearTimeout(timer);
    await this.kill("tree");
    return ending;
  }

  /** SHUTDOWN acts at once; a SIGTERM waits for the store's next tick, a tenth of a second away. */
  private async askToShutDown(): Promise<void> {
    const client = await this.connect();
    // It has no reply when it works: the connection ends. A refusal is one.
    const refused = await client.send(["SHUTDOWN"]).then(
      () => true,
      () => false,
    );
    client.close();
    if (refused) this.terminate();
  }

  savers(): readonly number[] {
    return listChildren(this.pid).map((child) => child.pid);
  }

  letOrphansGoOn(): void {
    this.signal(-this.pid, "SIGCONT");
  }

  lastLogLines(count: number): readonly string[] {
    return readFileSync(this.place.logFile, "utf8").trimEnd().split("\n").slice(-count);
  }

  async dispose(): Promise<void> {
    await this.kill("tree");
    this.run.remove(this.place.folder);
  }

  /** Nobody gets a signal who only inherited the number: the leader must be the one we started, or have orphans. */
  private signal(pid: number, signal: NodeJS.Signals): void {
    if (pid > 0 && this.endedAs !== undefined) return;
    if (pid < 0 && this.endedAs !== undefined && this.orphans().length === 0) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  private orphans(): ProcessEntry[] {
    // Nearly always there are none, and this question is cheaper than reading the whole table of processes.
    if (!groupMayExist(this.pid)) return [];
    return listGroup(this.pid).filter((entry) => entry.pid !== this.pid && entry.sessionId === this.pid);
  }

  private async whenGroupIsGone(): Promise<void> {
    const members = this.orphans();
    while (members.some(isAlive)) await sleep(1);
  }
}

function groupMayExist(groupId: number): boolean {
  try {
    return process.kill(-groupId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** As redis-server is started, and what is compatible with it. */
export const processDefaults = {
  dialect: "redis.conf",
  listen: "socket",
  patienceMs: patienceMsDefault,
  diesAtDiskOperation: false,
} as const satisfies Partial<Launch>;
