/**
 * A simulated machine and the worlds of its processes: everything that the bundled server asks of the outside, drawn from
 * one seed.
 *
 *     machine ─┬─ clock   one queue for all
 *              ├─ disk    outlives processes, as the page cache does
 *              ├─ net     between the clients' machine and this one
 *              └─ processes ─┬─ server 101 ── World ─▶ new Server(world, config, parts)
 *                            └─ saver  102
 *
 * A process ends by exit, of an error that nobody caught, or because it is killed. From then on its handles throw
 * `WorldEnded`, its promises never settle, and nothing that it had queued happens (W3).
 */
import type { Clock, Process, SaveJob, Random as ServerRandom, World } from "../../server/world/world.ts";
import { type Random, randomFrom } from "../random.ts";
import { SimClock } from "./sim-clock.ts";
import type { SimDisk, SimStrike } from "./sim-disk.ts";
import { type NetTrace, SimNet } from "./sim-net.ts";
import { ProcessSavers } from "./sim-savers.ts";
import { type SimProcess, WorldEnded } from "./sim-time.ts";

/** A process that ended by itself, or was made to. */
export interface SimEnding {
  /** Null when it was killed. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface SimMachineOptions {
  readonly seed: string;
  /** Milliseconds since 1970 at stamp 0. */
  readonly wallAtStartMs: number;
  /** Told of every piece that arrives. */
  readonly netTrace?: NetTrace;
  /** Told when a server starts a saver. */
  readonly saverBegan?: (saver: SimProcess, job: SaveJob) => void;
  /** False: there is no further process to be had. */
  readonly mayFork?: () => boolean;
}

/** Of the store's own log, the last lines. */
const logLinesMax = 200;
const firstPid = 101;

export class ServerProcess implements SimProcess {
  readonly pid: number;
  readonly world: World;
  readonly log: string[] = [];
  readonly awaits = true;
  isAlive = true;
  ending: SimEnding | undefined;
  #signalled: ((signal: "SIGTERM" | "SIGINT") => void) | undefined;
  readonly #machine: SimMachine;

  constructor(pid: number, machine: SimMachine, makeWorld: (process: ServerProcess) => World) {
    this.pid = pid;
    this.#machine = machine;
    this.world = makeWorld(this);
  }

  /** SIGTERM or SIGINT, heard on a later turn. */
  signal(signal: "SIGTERM" | "SIGINT"): void {
    this.#machine.clock.schedule(this, 0, () => this.#signalled?.(signal));
  }

  onSignal(run: (signal: "SIGTERM" | "SIGINT") => void): void {
    this.#signalled = run;
  }

  say(line: string): void {
    this.log.push(line);
    if (this.log.length > logLinesMax * 2) this.log.splice(0, logLinesMax);
  }
}

class SaverProcess implements SimProcess {
  readonly pid: number;
  readonly parent: SimProcess;
  readonly awaits = false;
  isAlive = true;

  constructor(pid: number, parent: SimProcess) {
    this.pid = pid;
    this.parent = parent;
  }
}

export class SimMachine {
  readonly clock: SimClock;
  readonly net: SimNet;
  readonly #random: Random;
  readonly #options: SimMachineOptions;
  readonly #servers: ServerProcess[] = [];
  readonly #savers = new Map<SimProcess, SaverProcess>();
  readonly #saversOf = new Map<SimProcess, ProcessSavers>();
  #disk: SimDisk | undefined;
  #nextPid = firstPid;

  constructor(options: SimMachineOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.clock = new SimClock(this.#random.fork("steps"), options.wallAtStartMs, (process, error) =>
      this.crashed(process, error),
    );
    this.net = new SimNet(this.clock, this.#random.fork("net"), options.netTrace ?? (() => undefined));
  }

  /** Once, before the first process: the disk needs the machine's clock, the machine its disk. */
  attach(disk: SimDisk): void {
    this.#disk = disk;
  }

  get disk(): SimDisk {
    if (this.#disk === undefined) throw new Error("the machine has no disk");
    return this.#disk;
  }

  /** A process for a server; whoever calls runs the server in its world. */
  startProcess(): ServerProcess {
    const pid = this.#nextPid++;
    const random = this.#random.fork(`process ${pid}`);
    const process = new ServerProcess(pid, this, (self) => this.#worldFor(self, random));
    this.#servers.push(process);
    return process;
  }

  /** Savers of this server that live, and write. */
  saversOf(server: SimProcess): SimProcess[] {
    return [...this.#savers.values()].filter((saver) => saver.parent === server && saver.isAlive);
  }

  get livingSavers(): SimProcess[] {
    return [...this.#savers.values()];
  }

  /** SIGKILL. `tree` takes its savers along; `process` leaves them as orphans (S8). */
  kill(process: SimProcess, scope: "process" | "tree"): void {
    if (scope === "tree") for (const saver of this.saversOf(process)) this.killSaver(saver);
    const server = this.#servers.find((one) => one === process);
    if (server === undefined) this.killSaver(process);
    else this.#endServer(server, { exitCode: null, signal: "SIGKILL" });
  }

  killSaver(process: SimProcess): void {
    const saver = this.#savers.get(process);
    if (saver === undefined) return;
    this.#saversOf.get(saver.parent)?.killed(process);
    this.#endSaver(saver);
  }

  /** For the disk: a fault strikes whoever asks. */
  strike({ process, scope }: SimStrike): void {
    this.kill(process, scope);
  }

  /** An error that nobody caught ends a process. */
  crashed(process: SimProcess, error: unknown): void {
    const server = this.#servers.find((one) => one === process);
    if (server === undefined) {
      this.killSaver(process);
      return;
    }
    server.say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    this.#endServer(server, { exitCode: 1, signal: null });
  }

  // ── Ends ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #endServer(server: ServerProcess, ending: SimEnding): void {
    if (!server.isAlive) return;
    server.isAlive = false;
    server.ending = ending;
    this.disk.processEnded(server);
    this.net.processEnded(server);
    this.#saversOf.get(server)?.serverEnded();
  }

  #endSaver(saver: SaverProcess): void {
    if (!saver.isAlive) return;
    saver.isAlive = false;
    this.#savers.delete(saver);
    this.disk.processEnded(saver);
  }

  // ── Worlds ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #worldFor(process: ServerProcess, random: Random): World {
    const savers = new ProcessSavers(
      {
        clock: this.clock,
        disk: this.disk,
        random: random.fork("savers"),
        fork: (parent) => this.#fork(parent),
        end: (saver) => {
          const known = this.#savers.get(saver);
          if (known !== undefined) this.#endSaver(known);
        },
        saverBegan: (saver, job) => this.#options.saverBegan?.(saver, job),
      },
      process,
    );
    this.#saversOf.set(process, savers);
    return {
      disk: this.disk.of(process),
      clock: clockOf(this.clock, process),
      random: randomOf(random.fork("server")),
      net: this.net.of(process),
      savers,
      process: this.#processOf(process, random.fork("secrets")),
    };
  }

  #fork(parent: SimProcess): SimProcess | undefined {
    if (this.#options.mayFork?.() === false) return undefined;
    const saver = new SaverProcess(this.#nextPid++, parent);
    this.#savers.set(saver, saver);
    return saver;
  }

  #processOf(process: ServerProcess, secrets: Random): Process {
    return {
      pid: process.pid,
      isAlive: (pid) =>
        this.#servers.some((server) => server.pid === pid && server.isAlive) ||
        [...this.#savers.values()].some((saver) => saver.pid === pid && saver.isAlive),
      onSignal: (run) => process.onSignal(run),
      exit: (code) => {
        this.#endServer(process, { exitCode: code, signal: null });
        throw new WorldEnded(process);
      },
      log: (line) => {
        if (process.isAlive) process.say(line);
      },
      setTitle: () => undefined,
      memoryBytes: () => 0,
      // Nobody is to be kept out here: they come from the seed like everything else.
      secretBytes: (count) => Uint8Array.from({ length: count }, () => secrets.below(256)),
      cpu: () => ({ userS: 0, systemS: 0 }),
    };
  }
}

function clockOf(clock: SimClock, process: SimProcess): Clock {
  const alive = () => {
    if (!process.isAlive) throw new WorldEnded(process);
  };
  return {
    wallMs: () => {
      alive();
      return clock.wallMs();
    },
    monotonicMs: () => {
      alive();
      return clock.nowNs() / 1e6;
    },
    after: (delayMs, run) => {
      alive();
      return clock.schedule(process, delayMs * 1e6, run);
    },
    every: (periodMs, run) => {
      alive();
      return new Periodic(clock, process, periodMs, run);
    },
    endOfTurn: (run) => {
      alive();
      clock.schedule(process, 0, run);
    },
    block: (ms) => {
      alive();
      let isOver = false;
      clock.after(ms, () => {
        isOver = true;
      });
      clock.holdUp(process, () => isOver);
      alive();
    },
  };
}

class Periodic {
  #isCancelled = false;

  constructor(clock: SimClock, process: SimProcess, periodMs: number, run: () => void) {
    const again = () => {
      clock.schedule(process, periodMs * 1e6, () => {
        if (this.#isCancelled) return;
        again();
        run();
      });
    };
    again();
  }

  cancel(): void {
    this.#isCancelled = true;
  }
}

function randomOf(random: Random): ServerRandom {
  return {
    below: (limit) => random.below(limit),
    fraction: () => random.fraction(),
    pick: (from) => random.pick(from),
    fork: (name) => randomOf(random.fork(name)),
  };
}
