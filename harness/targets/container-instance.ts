/**
 * A store in a container, running: killed from outside by its pid on this machine, as a kernel that is short of memory
 * would do it; by the engine only where that is not allowed, or not possible. Nothing outlives the first process of a
 * container, so a kill of the process is always one of the tree.
 */
import path from "node:path";
import type { ContainerRuntimeClient } from "testcontainers";
import type { RunFolder } from "../run-folder.ts";
import { isStatus, orGone, removeContainer } from "./container-engine.ts";
import { findProcess, isAlive, listChildren, type ProcessIdentity } from "./process-table.ts";
import { Patience, whenServing } from "./readiness.ts";
import { connectTo, type Endpoint, type OracleConnection } from "./resp-client.ts";
import { type Ending, type Instance, RefusedToStart } from "./target.ts";

const exitCodeOfSigkill = 137;

export interface ContainerPlace {
  readonly id: string;
  /** Of this machine; 0 where it does not show the process. */
  readonly pid: number;
  readonly folder: string;
  readonly password: string | undefined;
  readonly patienceMs: number;
}

export class ContainerInstance implements Instance {
  readonly pid: number;
  readonly ended: Promise<Ending>;
  killedHow?: string;
  private readonly id: string;
  private readonly identity: ProcessIdentity | undefined;
  private readonly engine: ContainerRuntimeClient;
  private readonly run: RunFolder;
  private readonly place: ContainerPlace;
  private endedAs: Ending | undefined;
  private logText = "";

  constructor(engine: ContainerRuntimeClient, run: RunFolder, place: ContainerPlace) {
    this.id = place.id;
    this.pid = place.pid;
    this.identity = place.pid > 0 ? findProcess(place.pid) : undefined;
    this.engine = engine;
    this.run = run;
    this.place = place;
    this.ended = this.untilItEnds();
  }

  ending(): Ending | undefined {
    return this.endedAs;
  }

  async ready(patienceMs = this.place.patienceMs): Promise<void> {
    const patience = new Patience(patienceMs);
    const givenUp = () => this.endedAs !== undefined || patience.isOver();
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
    let late: Promise<void> | undefined;
    const timer = setTimeout(() => {
      late = this.kill();
    }, patienceMs);
    const ending = await this.ended;
    clearTimeout(timer);
    await late;
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
