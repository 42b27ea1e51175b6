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
import { ConnectError, describeAddress, ListenError } from "../../server/world/world.ts";
import type { Random } from "../random.ts";
import type { SimClock } from "./sim-clock.ts";
import { type SimProcess, WorldEnded } from "./sim-time.ts";

/** Told of every piece that arrives: the network's part of a recording's digest (W4). */
export type NetTrace = (stampNs: number, connection: number, side: "client" | "server", bytes: string) => void;

/** Once in a while a piece takes much longer than the others. */
const transitNs = { least: 8_000, span: 60_000, slowChance: 0.02, slowSpan: 2_000_000 };

interface Listening {
  readonly process: SimProcess;
  readonly address: Address;
  readonly accept: (connection: Connection) => void;
}

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
  #listening: Listening | undefined;
  #connections: SimConnection[] = [];
  #count = 0;

  constructor(clock: SimClock, random: Random, trace: NetTrace) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
  }

  /** The net as a process sees it. */
  of(process: SimProcess): Net {
    return {
      listen: (address, accept) => this.#listen(process, address, accept),
      connect: (address) => this.#dial(process, address),
    };
  }

  get isListening(): boolean {
    return this.#listening?.process.isAlive === true;
  }

  /** Undefined when nobody listens. */
  connect(): ClientEnd | undefined {
    const listening = this.#listening;
    if (listening === undefined || !listening.process.isAlive) return undefined;
    return this.#connection(listening, undefined);
  }

  #connection(listening: Listening, client: SimProcess | undefined): SimConnection {
    const ends = { server: listening.process, client };
    const connection = new SimConnection(this.#count++, ends, this.#clock, this.#random, this.#trace);
    this.#connections.push(connection);
    connection.beAccepted(listening.accept);
    return connection;
  }

  processEnded(process: SimProcess): void {
    if (this.#listening?.process === process) this.#listening = undefined;
    const isOver = ({ ends }: SimConnection) => ends.server === process || ends.client === process;
    for (const connection of this.#connections.filter(isOver)) {
      if (connection.ends.server === process) connection.serverDied();
      else connection.close();
    }
    this.#connections = this.#connections.filter((connection) => !isOver(connection));
  }

  /** One server to another. Its answer is there when the first piece would be; a time-out never comes first. */
  #dial(process: SimProcess, address: Address): Promise<Connection> {
    if (!process.isAlive) throw new WorldEnded(process);
    return new Promise((resolve, reject) => {
      this.#clock.schedule(process, transitOf(this.#random), () => {
        const listening = this.#listening;
        if (listening?.process.isAlive !== true || describeAddress(listening.address) !== describeAddress(address)) {
          reject(new ConnectError("ECONNREFUSED", describeAddress(address)));
        } else {
          resolve(this.#connection(listening, process).clientEnd(address));
        }
      });
    });
  }

  #listen(process: SimProcess, address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    if (!process.isAlive) throw new WorldEnded(process);
    if (this.#listening?.process.isAlive)
      return Promise.reject(new ListenError("EADDRINUSE", describeAddress(address)));
    const mine = { process, address, accept };
    this.#listening = mine;
    return Promise.resolve({
      address,
      close: () => {
        if (this.#listening === mine) this.#listening = undefined;
      },
    });
  }
}

/** What arrived at one end: handed on as it comes, or kept while nobody reads. */
class Inbox {
  readonly #later: (run: () => void) => void;
  #run: (bytes: Uint8Array) => void = () => undefined;
  #isPaused = false;
  #kept: Uint8Array[] = [];

  /** @param later runs something on a turn of its own */
  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  onData(run: (bytes: Uint8Array) => void): void {
    this.#run = run;
  }

  add(bytes: Uint8Array): void {
    if (this.#isPaused) this.#kept.push(bytes);
    else this.#run(bytes);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const kept = this.#kept;
    this.#kept = [];
    for (const bytes of kept) this.#later(() => this.#run(bytes));
  }
}

/** Whose the ends are. Undefined: the clients' machine, which never dies. */
interface Ends {
  readonly server: SimProcess;
  readonly client: SimProcess | undefined;
}

class SimConnection implements ClientEnd {
  readonly ends: Ends;
  readonly serverEnd: Connection;
  readonly #number: number;
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #trace: NetTrace;
  #toServerAtNs = 0;
  #toClientAtNs = 0;
  #isOpen = true;
  readonly #atServer: Inbox;
  #serverClosed: () => void = () => undefined;
  #clientData: (bytes: string) => void = () => undefined;
  #clientClosed: () => void = () => undefined;

  constructor(number: number, ends: Ends, clock: SimClock, random: Random, trace: NetTrace) {
    this.#number = number;
    this.ends = ends;
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
    this.#atServer = new Inbox((run) => clock.schedule(ends.server, 0, run));
    this.serverEnd = this.#makeServerEnd();
  }

  beAccepted(accept: (connection: Connection) => void): void {
    this.#toServerAtNs = this.#arrival(0);
    this.#clock.schedule(this.ends.server, this.#toServerAtNs - this.#clock.nowNs(), () => accept(this.serverEnd));
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
    this.#clock.schedule(this.ends.server, this.#toServerAtNs - this.#clock.nowNs(), () => {
      if (!this.#isOpen) return;
      this.#trace(this.#clock.nowNs(), this.#number, "server", text);
      this.#atServer.add(bytes);
    });
  }

  close(): void {
    this.#end(() => this.#clock.schedule(this.ends.server, transitOf(this.#random), () => this.#serverClosed()));
  }

  /** The client's end as another server has it. */
  clientEnd(address: Address): Connection {
    const arrived = new Inbox((run) => this.#clock.schedule(this.ends.client, 0, run));
    this.onData((text) => arrived.add(Buffer.from(text, "latin1")));
    const close = () => {
      this.close();
      this.#clock.schedule(this.ends.client, 0, () => this.#clientClosed());
    };
    return {
      remote: describeAddress(address),
      local: `127.0.0.1:${50_001 + this.#number}`,
      onData: (run) => arrived.onData(run),
      onClosed: (run) => this.onClosed(run),
      // The wire takes everything at once.
      onDrain: () => undefined,
      unsentBytes: () => 0,
      send: (bytes) => this.send(bytes),
      pause: () => arrived.pause(),
      resume: () => arrived.resume(),
      end: () => void this.#clock.schedule(this.ends.client, this.#toServerAtNs - this.#clock.nowNs(), close),
      destroy: close,
    };
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
      onData: (run) => this.#atServer.onData(run),
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
      pause: () => this.#atServer.pause(),
      resume: () => this.#atServer.resume(),
      end: () => this.#closedByServer(),
      destroy: () => this.#closedByServer(),
    };
  }

  #sendToClient(text: string): void {
    if (!this.#isOpen) return;
    this.#toClientAtNs = this.#arrival(this.#toClientAtNs);
    this.#clock.schedule(this.ends.client, this.#toClientAtNs - this.#clock.nowNs(), () => {
      this.#trace(this.#clock.nowNs(), this.#number, "client", text);
      this.#clientData(text);
    });
  }

  #closedByServer(): void {
    this.#assertAlive();
    this.#end(() => {
      this.#tellClientOfEnd();
      this.#clock.schedule(this.ends.server, 0, () => this.#serverClosed());
    });
  }

  #tellClientOfEnd(): void {
    this.#toClientAtNs = this.#arrival(this.#toClientAtNs);
    this.#clock.schedule(this.ends.client, this.#toClientAtNs - this.#clock.nowNs(), () => this.#clientClosed());
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
    if (!this.ends.server.isAlive) throw new WorldEnded(this.ends.server);
  }
}

function transitOf(random: Random): number {
  const slowNs = random.chance(transitNs.slowChance) ? random.below(transitNs.slowSpan) : 0;
  return transitNs.least + random.below(transitNs.span) + slowNs;
}
