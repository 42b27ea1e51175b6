/**
 * A world that stands still until a test moves it: time passes with `advance`, a turn ends with `settle`, peers are
 * strings, the disk is in memory, savers work in the same process. For tests of the server's own logic.
 */
import {
  type Address,
  type Clock,
  ConnectError,
  type Connection,
  describeAddress,
  type Listener,
  type Net,
  type Process,
  type Random,
  type Timer,
  type World,
} from "../../server/world/world.ts";
import { FakeDisk } from "./fake-disk.ts";
import { FakeSavers } from "./fake-savers.ts";

const nothing = () => undefined;

export class ManualClock implements Clock {
  private nowMs: number;
  private readonly timers = new Set<{ atMs: number; periodMs: number | undefined; run: () => void }>();
  private ends: (() => void)[] = [];

  constructor(wallMs: number) {
    this.nowMs = wallMs;
  }

  wallMs(): number {
    return Math.floor(this.nowMs);
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.add(delayMs, undefined, run);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.add(periodMs, periodMs, run);
  }

  endOfTurn(run: () => void): void {
    this.ends.push(run);
  }

  block(ms: number): void {
    this.nowMs += ms;
  }

  /** Lets the turn end. */
  settle(): void {
    while (this.ends.length > 0) {
      const { ends } = this;
      this.ends = [];
      for (const run of ends) run();
    }
  }

  /** Lets time pass, and whatever is due in it happen, in order. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = [...this.timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      if (due.periodMs === undefined) this.timers.delete(due);
      else due.atMs += due.periodMs;
      due.run();
      this.settle();
    }
    this.nowMs = untilMs;
    this.settle();
  }

  private add(delayMs: number, periodMs: number | undefined, run: () => void): Timer {
    const timer = { atMs: this.nowMs + delayMs, periodMs, run };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }
}

/** The other end of a connection. */
export class Peer implements Connection {
  readonly remote: string;
  readonly local = "127.0.0.1:6379";
  /** Everything that the server sent and `take` did not take yet. */
  received = "";
  isClosed = false;
  isPaused = false;
  /** While false, what the server sends piles up as unsent. */
  reads = true;
  /** The server ends the connection, and this end has not closed its own yet. */
  closesLate = false;
  private readonly clock: ManualClock;
  private unread = "";
  private deliver: (bytes: Uint8Array) => void = nothing;
  private drained: () => void = nothing;
  private closed: () => void = nothing;

  constructor(clock: ManualClock, remote: string) {
    this.clock = clock;
    this.remote = remote;
  }

  // ── What a test does ────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends bytes as they are, and lets the turn end. */
  write(bytes: string): void {
    this.deliver(Buffer.from(bytes, "latin1"));
    this.clock.settle();
  }

  /** Sends requests in one piece, each a line of words; returns what came back. */
  ask(...lines: string[]): string {
    this.write(lines.map((line) => request(...line.split(" "))).join(""));
    return this.take();
  }

  take(): string {
    const taken = this.received;
    this.received = "";
    return taken;
  }

  /** Reads what piled up. */
  readAll(): void {
    this.received += this.unread;
    this.unread = "";
    this.drained();
    this.clock.settle();
  }

  hangUp(): void {
    this.isClosed = true;
    this.closed();
    this.clock.settle();
  }

  // ── What the server sees ────────────────────────────────────────────────────────────────────────────────────────

  onData(run: (bytes: Uint8Array) => void): void {
    this.deliver = run;
  }

  onClosed(run: () => void): void {
    this.closed = run;
  }

  onDrain(run: () => void): void {
    this.drained = run;
  }

  send(bytes: string): void {
    if (this.reads) this.received += bytes;
    else this.unread += bytes;
  }

  unsentBytes(): number {
    return this.unread.length;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isClosed = true;
    if (!this.closesLate) this.closed();
  }

  destroy(): void {
    this.isClosed = true;
    this.closed();
  }
}

export class ManualWorld implements World {
  readonly disk: FakeDisk;
  readonly savers: FakeSavers;
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1));
  readonly lines: string[] = [];
  readonly titles: string[] = [];
  exitCode: number | undefined;
  readonly alivePids = new Set<number>();
  /** The other ends of what the server connected to, and whether anybody is there. */
  readonly dialled: Peer[] = [];
  answersCalls = true;
  private accept: ((connection: Connection) => void) | undefined;
  private nextPort = 50001;

  constructor(disk = new FakeDisk("/d")) {
    this.disk = disk;
    this.savers = new FakeSavers(disk);
  }

  readonly random: Random = {
    below: (limit) => limit - 1,
    fraction: () => 0.5,
    pick: (from) => from[0] as (typeof from)[0],
    fork: () => this.random,
  };

  readonly net: Net = {
    listen: (address: Address, accept) => {
      this.accept = accept;
      return Promise.resolve({ address, close: nothing } satisfies Listener);
    },
    connect: (address) => {
      const peer = new Peer(this.clock, describeAddress(address));
      this.dialled.push(peer);
      return this.answersCalls
        ? Promise.resolve(peer)
        : Promise.reject(new ConnectError("ECONNREFUSED", describeAddress(address)));
    },
  };

  readonly process: Process = {
    pid: 4242,
    isAlive: (pid) => this.alivePids.has(pid),
    onSignal: nothing,
    exit: (code) => {
      this.exitCode = code;
      throw new Error(`the process ended with code ${code}`);
    },
    log: (line) => void this.lines.push(line),
    setTitle: (title) => void this.titles.push(title),
    memoryBytes: () => 0,
    secretBytes: (count) => new Uint8Array(count).fill(0xab),
    cpu: () => ({ userS: 0, systemS: 0 }),
  };

  /** Lets time pass, and all that waits for a promise go on. */
  async pass(ms = 0): Promise<void> {
    await settlePromises();
    this.clock.advance(ms);
    await settlePromises();
    this.clock.settle();
    await settlePromises();
  }

  connect(): Peer {
    const peer = new Peer(this.clock, `127.0.0.1:${this.nextPort++}`);
    this.accept?.(peer);
    return peer;
  }
}

/** A request as clients send it. */
export function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
