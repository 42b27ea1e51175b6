/**
 * Plays the calls of a plan and writes down what happened, as it happens.
 *
 *     plan ─▶ stamp, write "invoked" to the file ─▶ bytes leave … last byte of the reply arrived ─▶ stamp, "completed"
 *
 * The order is what makes a history evidence. An invocation is stamped and on file before its first byte leaves, a
 * completion after its last byte arrived: so what was promised was promised, and what cannot have happened did not.
 * A call whose connection ended first has no completion. It is indeterminate, and nobody sends it again.
 */
import {
  type Call,
  type Completed,
  gatherHistory,
  type History,
  type HistoryEntry,
  type Invoked,
  type Reply,
} from "../recording/history.ts";
import type { HistoryWriter } from "../recording/history-file.ts";
import type { StampClock, StampNs } from "../recording/stamp.ts";
import { flatPairs } from "../targets/resp-client.ts";
import type { RespClient } from "../targets/target.ts";
import type { Batch, ClientPlan } from "./workload.ts";

export interface Recorder {
  readonly clock: StampClock;
  readonly file: HistoryWriter;
  /** Where the numbers of clients and of calls begin: those before are of an earlier life of the store. Absent: at 0. */
  readonly first?: { readonly client: number; readonly id: number };
}

export interface Counts {
  readonly invoked: number;
  readonly acked: number;
  readonly answered: number;
}

/** What a dead process had sent is in the kernel, and read within a turn of the event loop; more is to be safe. */
const turnsToBeQuiet = 4;

export class Driver {
  private readonly clients: readonly RespClient[];
  private readonly recorder: Recorder;
  private readonly entries: HistoryEntry[] = [];
  private readonly milestones: { readonly reached: () => boolean; readonly resolve: () => void }[] = [];
  private invoked = 0;
  private acked = 0;
  private answered = 0;
  private stopped = false;
  private readonly pauses = new Set<() => void>();
  /** Resolves when every client has played all its calls, or has been stopped, or has lost its connection. */
  readonly finished: Promise<void>;

  /** Begins at once. `clients[i]` plays `plans[i]`. */
  constructor(clients: readonly RespClient[], plans: readonly ClientPlan[], recorder: Recorder) {
    this.clients = clients;
    this.recorder = recorder;
    this.finished = Promise.all(plans.map((plan, client) => this.play(client, plan.batches))).then(() => {
      this.stopped = true;
      this.checkMilestones();
    });
  }

  counts(): Counts {
    return { invoked: this.invoked, acked: this.acked, answered: this.answered };
  }

  /** When something last happened: a call left, or a reply arrived. 0 before the first. */
  lastEvent(): StampNs {
    return this.entries.at(-1)?.stampNs ?? 0;
  }

  /** Resolves when so many calls were acked, or when no more will be. */
  whenAcked(count: number): Promise<void> {
    return this.when(() => this.acked >= count);
  }

  /** Resolves when so many calls were answered, acked or refused, or when no more will be. */
  whenAnswered(count: number): Promise<void> {
    return this.when(() => this.answered >= count);
  }

  /** No call leaves any more. Replies to those on their way still count. */
  stop(): void {
    this.stopped = true;
    for (const end of this.pauses) end();
    this.checkMilestones();
  }

  /**
   * To be called when the store is dead. Reads what it had still sent, then ends the connections from here: a saver that
   * outlives its store has inherited them, and would keep them open for as long as it lives.
   */
  async settle(): Promise<void> {
    this.stop();
    for (let seen = -1; seen !== this.answered; ) {
      seen = this.answered;
      for (let turn = 0; turn < turnsToBeQuiet; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const client of this.clients) client.close();
    await Promise.all(this.clients.map((client) => client.closed));
    await this.finished;
  }

  /** What was asked and told, once it has settled. */
  history(): History {
    this.recorder.file.flush();
    return gatherHistory(this.entries);
  }

  private async play(client: number, batches: readonly Batch[]): Promise<void> {
    const connection = this.clients[client];
    if (connection === undefined) throw new RangeError(`no connection for client ${client}`);
    for (const batch of batches) {
      if (batch.pauseMs > 0) await this.pause(batch.pauseMs);
      if (this.stopped || !(await this.send(client, connection, batch.calls))) return;
    }
  }

  /** False when the connection ended before all replies were there. */
  private async send(client: number, connection: RespClient, calls: readonly Call[]): Promise<boolean> {
    const { clock, file, first = { client: 0, id: 0 } } = this.recorder;
    const invocations = calls.map((call): Invoked => {
      const numbers = { id: first.id + this.invoked++, client: first.client + client };
      return { kind: "invoked", ...numbers, call, stampNs: clock.now(), wallMs: clock.wallMs() };
    });
    this.entries.push(...invocations);
    file.invoked(...invocations);
    const replies = connection.together(() =>
      invocations.map(({ id, call }) =>
        sendCall(connection, call).then(
          (reply) => this.complete(id, call, reply),
          () => false,
        ),
      ),
    );
    return (await Promise.all(replies)).every((answered) => answered);
  }

  private complete(id: number, call: Call, reply: Reply): true {
    const { clock, file } = this.recorder;
    const entry: Completed = { kind: "completed", id, reply, stampNs: clock.now(), wallMs: clock.wallMs() };
    this.entries.push(entry);
    file.completed(entry);
    this.answered++;
    if (reply.kind !== "error" && !(call.transaction && reply.kind === "nil")) this.acked++;
    this.checkMilestones();
    return true;
  }

  private when(reached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.milestones.push({ reached, resolve });
      this.checkMilestones();
    });
  }

  private checkMilestones(): void {
    if (this.milestones.length === 0) return;
    const waiting = this.milestones.splice(0);
    for (const milestone of waiting) {
      if (this.stopped || milestone.reached()) milestone.resolve();
      else this.milestones.push(milestone);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.pauses.add(end);
    });
  }
}

/** A transaction leaves whole, and its reply is EXEC's. Rejects when the connection ended before the reply came. */
async function sendCall(connection: RespClient, call: Call): Promise<Reply> {
  if (!call.transaction) return connection.send(soleRequest(call));
  const watched = call.watch === undefined ? [] : [connection.send(["WATCH", ...call.watch])];
  const multi = connection.send(["MULTI"]);
  const queued = call.requests.map((request) => connection.send(request));
  const exec = connection.send(["EXEC"]);
  // What the others say (OK, QUEUED, or an error that EXEC repeats) is part of EXEC's answer; that they are lost, too.
  const [reply, begun] = await Promise.all([exec, multi, ...watched, ...queued]);
  // Then nothing was queued, and each request took effect by itself or not: EXEC's refusal says nothing about them.
  if (begun.kind === "error") throw new Error(`MULTI was refused: ${begun.message}`);
  if (reply.kind !== "array") return reply;
  return { kind: "array", items: reply.items.map((item, index) => flatPairs(call.requests[index]?.[0] ?? "", item)) };
}

function soleRequest(call: Call): Call["requests"][number] {
  const [request] = call.requests;
  if (request === undefined || call.requests.length > 1) {
    throw new RangeError("a call that is no transaction has one request");
  }
  return request;
}
