/**
 * A toy store and its clients, for testing the oracle: a model behind a queue for each connection, driven by chance. It
 * keeps a log of what it ran, in order, so that a test can say exactly what a crash left, and damage it on purpose.
 *
 *     client 0   ──[invoked …… ran …… completed]──
 *     client 1   ─────[invoked … ran ………………………    in flight at the end: the client never hears, the log knows
 *     log                    ▪ 1.0    ▪ 0.0 …       a crash keeps the first so many entries
 */
import type { KeyPool } from "../harness/operations/key-pool.ts";
import { emptyModel, type Model } from "../harness/operations/model.ts";
import { ModelState } from "../harness/operations/model-state.ts";
import { CommandRefused, type ExpectedReply, type Moment, type Step } from "../harness/operations/operation.ts";
import { operationOf, type Weights } from "../harness/operations/operations.ts";
import { runCall } from "../harness/operations/run-call.ts";
import { compareIds, firstId, nextId } from "../harness/operations/stream-value.ts";
import { drawCall, drawTransaction } from "../harness/operations/transactions.ts";
import type { Random } from "../harness/random.ts";
import {
  type Call,
  gatherHistory,
  type History,
  type HistoryEntry,
  type Reply,
  type Request,
} from "../harness/recording/history.ts";

/** One request as the store ran it. */
export interface LogEntry {
  readonly callId: number;
  readonly client: number;
  readonly request: Request;
  readonly requestIndex: number;
  readonly database: number;
  readonly reply: Reply;
  readonly moment: Moment;
  /** When the store ran it. */
  readonly stampNs: number;
}

export interface ToyRun {
  readonly history: History;
  /** Requests that changed something; those of a transaction follow one another. */
  readonly log: readonly LogEntry[];
  readonly endNs: number;
  readonly endWallMs: number;
}

export interface ToyOptions {
  readonly clients: number;
  readonly calls: number;
  readonly pipeline: number;
  readonly transactions: number;
  /** How likely the store is to begin, or to end, refusing writes at each call. */
  readonly refusals: number;
  /** Every call is answered before the end. */
  readonly drained?: boolean;
  readonly pool: (client: number) => KeyPool;
  readonly weights: Weights;
  /** Instead of drawing: what a client asks for next. */
  readonly draw?: (pool: KeyPool) => Call;
}

const startWallMs = 1_700_000_000_000;
/** Mean time between two events of a run. */
const stepNs = 2_000_000;

export function runToy(random: Random, options: ToyOptions): ToyRun {
  return new Toy(random, options).run();
}

/** What a store holds that kept these entries of its log. */
export function replayLog(entries: readonly LogEntry[]): Model {
  const state = new ModelState(emptyModel, nobody);
  for (const entry of entries) runEntry(state, entry);
  return state.plain();
}

function runEntry(state: ModelState, { request, database, reply, moment }: LogEntry): void {
  state.database = database;
  runCall(state, { requests: [request], transaction: false }, reply, { moment, fork: () => state });
}

interface Connection {
  readonly pool: KeyPool;
  database: number;
  readonly queued: { readonly id: number; readonly call: Call }[];
  readonly answered: { readonly id: number; readonly reply: Reply }[];
}

class Toy {
  private readonly random: Random;
  private readonly options: ToyOptions;
  private readonly state = new ModelState(emptyModel, () => {
    this.changes++;
  });
  private readonly connections: readonly Connection[];
  private readonly entries: HistoryEntry[] = [];
  private readonly log: LogEntry[] = [];
  private nowNs = 0;
  private nextId = 0;
  private refusing = false;
  private toldOfTrouble = false;
  private changes = 0;

  constructor(random: Random, options: ToyOptions) {
    this.random = random;
    this.options = options;
    this.connections = Array.from({ length: options.clients }, (_, client) => ({
      pool: options.pool(client),
      database: 0,
      queued: [],
      answered: [],
    }));
  }

  run(): ToyRun {
    while (this.nextId < this.options.calls) {
      const client = this.random.below(this.connections.length);
      this.nowNs += 1 + this.random.below(2 * stepNs);
      this.random.pick([() => this.invoke(client), () => this.execute(client), () => this.answer(client)])();
    }
    if (this.options.drained === true) this.drain();
    const { log, nowNs: endNs } = this;
    return { history: gatherHistory(this.entries), log, endNs, endWallMs: this.wallMs() };
  }

  private drain(): void {
    for (const [client, { queued, answered }] of this.connections.entries()) {
      while (queued.length > 0) this.execute(client);
      while (answered.length > 0) {
        this.nowNs++;
        this.answer(client);
      }
    }
  }

  private invoke(client: number): void {
    const connection = this.connections[client] as Connection;
    if (connection.queued.length + connection.answered.length >= this.options.pipeline) return;
    const call = this.drawCall(connection.pool);
    const id = this.nextId++;
    this.entries.push({ kind: "invoked", id, client, call, stampNs: this.nowNs, wallMs: this.wallMs() });
    connection.queued.push({ id, call });
  }

  private drawCall(pool: KeyPool): Call {
    if (this.options.draw !== undefined) return this.options.draw(pool);
    const { weights, transactions } = this.options;
    return this.random.chance(transactions) ? drawTransaction(pool, weights) : drawCall(pool, weights);
  }

  private answer(client: number): void {
    const answered = this.connections[client]?.answered.shift();
    if (answered === undefined) return;
    const { id, reply } = answered;
    if (reply.kind === "error" && reply.message.startsWith("MISCONF")) this.toldOfTrouble = true;
    this.entries.push({ kind: "completed", id, reply, stampNs: this.nowNs, wallMs: this.wallMs() });
  }

  private execute(client: number): void {
    const connection = this.connections[client] as Connection;
    const next = connection.queued.shift();
    if (next === undefined) return;
    // Trouble lasts: somebody is told of it before it ends.
    const mayTurn = !this.refusing || this.toldOfTrouble;
    if (mayTurn && this.random.chance(this.options.refusals)) {
      this.refusing = !this.refusing;
      this.toldOfTrouble = false;
    }
    connection.answered.push({ id: next.id, reply: this.runCall(client, next.id, next.call) });
  }

  private runCall(client: number, id: number, call: Call): Reply {
    const writes = call.requests.some((request) => operationOf(request).changes === "keys");
    if (this.refusing && writes) return { kind: "error", message: "MISCONF the disk is full" };
    if (call.watch !== undefined && this.random.chance(0.3)) return { kind: "nil" };
    const replies = call.requests.map((request, index) => this.runRequest(client, id, request, index));
    return call.transaction ? { kind: "array", items: replies } : (replies[0] as Reply);
  }

  private runRequest(client: number, callId: number, request: Request, requestIndex: number): Reply {
    const connection = this.connections[client] as Connection;
    const moment = { earliestMs: this.wallMs(), latestMs: this.wallMs() };
    this.state.database = connection.database;
    const step = this.chooseStep(request, moment);
    const reply = this.concrete(step.reply);
    const before = this.changes;
    step.apply?.(this.state);
    connection.database = this.state.database;
    if (this.changes > before) {
      const { database } = connection;
      this.log.push({ callId, client, request, requestIndex, database, reply, moment, stampNs: this.nowNs });
    }
    return reply;
  }

  private chooseStep(request: Request, moment: Moment): Step {
    try {
      return this.random.pick(operationOf(request).step(this.state, request, moment, this.choose(request, moment)));
    } catch (error) {
      if (error instanceof CommandRefused) return { reply: { kind: "error", message: error.message } };
      throw error;
    }
  }

  /** What the store tells of a choice, made before the step. */
  private choose([name, key = "", count, ...args]: Request, { latestMs }: Moment): Reply | undefined {
    const members = this.state.entry(key)?.value.plain();
    if (name === "XADD" && [count, ...args].includes("*")) {
      const last = members?.type === "stream" ? members.lastId : firstId;
      const id = `${latestMs}-0`;
      return { kind: "string", value: compareIds(id, last) > 0 ? id : nextId(last) };
    }
    if (name !== "SPOP" || members?.type !== "set") return undefined;
    const chosen = this.random.shuffled([...members.members]).slice(0, Number(count ?? 1));
    const items = chosen.map((value): Reply => ({ kind: "string", value }));
    return count === undefined ? items[0] : { kind: "array", items };
  }

  private concrete(reply: ExpectedReply): Reply {
    switch (reply.kind) {
      case "unordered":
        return { kind: "array", items: reply.groupsOf === 1 ? this.random.shuffled(reply.items) : reply.items };
      case "nested":
        return { kind: "array", items: reply.texts.map((value) => ({ kind: "string", value })) };
      case "any":
        return { kind: "nil" };
      case "such-that":
        if (reply.example !== undefined) return reply.example;
        throw new Error("the toy store gives only replies that it can work out");
      case "string":
      case "integer":
      case "double":
      case "nil":
      case "error":
      case "array":
        return reply;
    }
  }

  private wallMs(): number {
    return startWallMs + Math.floor(this.nowNs / 1e6);
  }
}

function nobody(): void {
  // Nobody needs to know what changes.
}
