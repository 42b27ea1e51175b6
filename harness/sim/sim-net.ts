/**
 * The network of a simulated world: connections between the clients' machine and the server's.
 *
 *     client ──── bytes ─▶ ┌ each piece is on its way for a time of its own; within a connection they stay in order,
 *            ◀─── bytes ── └ between connections the later one may well be there first
 *
 * The server's kernel has what arrived: when the process dies, what it had sent still reaches the client, and then the
 * connection's end. What a client sends to a dead process reaches nobody.
 */
import type { Address, Connection, Listener, Net } from "../../server/world/world.ts";
import { ListenError } from "../../server/world/world.ts";
import type { Random } from "../random.ts";
import type { SimClock } from "./sim-clock.ts";
import { type SimProcess, WorldEnded } from "./sim-time.ts";

/** Told of every piece that arrives: the network's part of a recording's digest (W4). */
export type NetTrace = (stampNs: number, connection: number, side: "client" | "server", bytes: string) => void;

/** Once in a while a piece takes much longer than the others. */
const transitNs = { least: 8_000, span: 60_000, slowChance: 0.02, slowSpan: 2_000_000 };

export interface ClientEnd {
  onData(run: (bytes: string) => void): void;
  onClosed(run: () => void): void;
  /** Latin1. */
  send(bytes: string): void;
  close(): void;
}

export class SimNet {
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #trace: NetTrace;
  #listening: { readonly process: SimProcess; readonly accept: (connection: Connection) => void } | undefined;
  #connections: SimConnection[] = [];
  #count = 0;

  constructor(clock: SimClock, random: Random, trace: NetTrace) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
  }

  /** The net as a process sees it. */
  of(process: SimProcess): Net {
    return { listen: (address, accept) => this.#listen(process, address, accept) };
  }

  get isListening(): boolean {
    return this.#listening?.process.isAlive === true;
  }

  /** Undefined when nobody listens. */
  connect(): ClientEnd | undefined {
    const listening = this.#listening;
    if (listening === undefined || !listening.process.isAlive) return undefined;
    const number = this.#count++;
    const connection = new SimConnection(number, listening.process, this.#clock, this.#random, this.#trace);
    this.#connections.push(connection);
    connection.beAccepted(listening.accept);
    return connection;
  }

  processEnded(process: SimProcess): void {
    if (this.#listening?.process === process) this.#listening = undefined;
    for (const connection of this.#connections) if (connection.process === process) connection.serverDied();
    this.#connections = this.#connections.filter((connection) => connection.process !== process);
  }

  #listen(process: SimProcess, address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    if (!process.isAlive) throw new WorldEnded(process);
    if (this.#listening?.process.isAlive) return Promise.reject(new ListenError("EADDRINUSE", describe(address)));
    const mine = { process, accept };
    this.#listening = mine;
    return Promise.resolve({
      address,
      close: () => {
        if (this.#listening === mine) this.#listening = undefined;
      },
    });
  }
}

class SimConnection implements ClientEnd {
  readonly process: SimProcess;
  readonly serverEnd: Connection;
  readonly #number: number;
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #trace: NetTrace;
  #toServerAtNs = 0;
  #toClientAtNs = 0;
  #isOpen = true;
  #isPaused = false;
  #undelivered: Uint8Array[] = [];
  #serverData: (bytes: Uint8Array) => void = () => undefined;
  #serverClosed: () => void = () => undefined;
  #clientData: (bytes: string) => void = () => undefined;
  #clientClosed: () => void = () => undefined;

  constructor(number: number, process: SimProcess, clock: SimClock, random: Random, trace: NetTrace) {
    this.#number = number;
    this.process = process;
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
    this.serverEnd = this.#makeServerEnd();
  }

  beAccepted(accept: (connection: Connection) => void): void {
    this.#toServerAtNs = this.#arrival(0);
    this.#clock.schedule(this.process, this.#toServerAtNs - this.#clock.nowNs(), () => accept(this.serverEnd));
  }

  // ── The client's end ────────────────────────────────────────────────────────────────────────────────────────────

  onData(run: (bytes: string) => void): void {
    this.#clientData = run;
  }

  onClosed(run: () => void): void {
    this.#clientClosed = run;
  }

  send(text: string): void {
    if (!this.#isOpen) return;
    const bytes = Buffer.from(text, "latin1");
    this.#toServerAtNs = this.#arrival(this.#toServerAtNs);
    this.#clock.schedule(this.process, this.#toServerAtNs - this.#clock.nowNs(), () => {
      if (!this.#isOpen) return;
      this.#trace(this.#clock.nowNs(), this.#number, "server", text);
      if (this.#isPaused) this.#undelivered.push(bytes);
      else this.#serverData(bytes);
    });
  }

  close(): void {
    this.#end(() => this.#clock.schedule(this.process, transitOf(this.#random), () => this.#serverClosed()));
  }

  // ── The server's end ────────────────────────────────────────────────────────────────────────────────────────────

  /** What it had sent is on its way; behind it comes the end. */
  serverDied(): void {
    this.#end(() => this.#tellClientOfEnd());
  }

  #makeServerEnd(): Connection {
    return {
      remote: `127.0.0.1:${50_001 + this.#number}`,
      local: "127.0.0.1:6379",
      onData: (run) => {
        this.#serverData = run;
      },
      onClosed: (run) => {
        this.#serverClosed = run;
      },
      // The wire takes everything at once.
      onDrain: () => undefined,
      unsentBytes: () => 0,
      send: (bytes) => {
        this.#assertAlive();
        this.#sendToClient(bytes);
      },
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => {
        this.#isPaused = false;
        const waiting = this.#undelivered;
        this.#undelivered = [];
        for (const bytes of waiting) this.#clock.schedule(this.process, 0, () => this.#serverData(bytes));
      },
      end: () => this.#closedByServer(),
      destroy: () => this.#closedByServer(),
    };
  }

  #sendToClient(text: string): void {
    if (!this.#isOpen) return;
    this.#toClientAtNs = this.#arrival(this.#toClientAtNs);
    this.#clock.schedule(undefined, this.#toClientAtNs - this.#clock.nowNs(), () => {
      this.#trace(this.#clock.nowNs(), this.#number, "client", text);
      this.#clientData(text);
    });
  }

  #closedByServer(): void {
    this.#assertAlive();
    this.#end(() => {
      this.#tellClientOfEnd();
      this.#clock.schedule(this.process, 0, () => this.#serverClosed());
    });
  }

  #tellClientOfEnd(): void {
    this.#toClientAtNs = this.#arrival(this.#toClientAtNs);
    this.#clock.schedule(undefined, this.#toClientAtNs - this.#clock.nowNs(), () => this.#clientClosed());
  }

  #end(tell: () => void): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    tell();
  }

  /** Behind what left before. */
  #arrival(lastNs: number): number {
    return Math.max(lastNs + 1, this.#clock.nowNs() + transitOf(this.#random));
  }

  #assertAlive(): void {
    if (!this.process.isAlive) throw new WorldEnded(this.process);
  }
}

function transitOf(random: Random): number {
  const slowNs = random.chance(transitNs.slowChance) ? random.below(transitNs.slowSpan) : 0;
  return transitNs.least + random.below(transitNs.span) + slowNs;
}

function describe(address: Address): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}
