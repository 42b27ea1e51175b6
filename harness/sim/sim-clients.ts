/**
 * Clients of a simulated world: they play the calls of a plan, and everything that they ask and are told goes into the
 * history. They live on a machine of their own: neither a server that hangs nor one that dies holds them up.
 *
 *     pause ─▶ stamp "invoked" ─▶ a batch leaves in one piece … replies ─▶ stamp "completed" ─▶ next batch
 */
import type { Call, HistoryEntry, Reply, Request } from "../recording/history.ts";
import { flatPairs } from "../targets/resp-client.ts";
import type { ClientPlan } from "../workload/workload.ts";
import type { SimClock } from "./sim-clock.ts";
import { SimLink } from "./sim-link.ts";
import type { SimNet } from "./sim-net.ts";

export class SimClients {
  readonly entries: HistoryEntry[] = [];
  readonly #clock: SimClock;
  readonly #net: SimNet;
  readonly #completed: () => void;
  readonly #playing = new Set<number>();
  #invoked = 0;
  #acked = 0;

  /** @param completed told after every reply. */
  constructor(clock: SimClock, net: SimNet, completed: () => void) {
    this.#clock = clock;
    this.#net = net;
    this.#completed = completed;
  }

  get acked(): number {
    return this.#acked;
  }

  /** All have played everything, or lost their connection. */
  get areDone(): boolean {
    return this.#playing.size === 0;
  }

  /** @param first the number of the first of them: who comes after a crash is another client. */
  play(plans: readonly ClientPlan[], first = 0): void {
    for (const [index, plan] of plans.entries()) this.#playOne(first + index, plan);
  }

  #playOne(client: number, { protocol, batches }: ClientPlan): void {
    const connection = this.#net.connect();
    if (connection === undefined) return;
    this.#playing.add(client);
    const link = new SimLink(connection, () => this.#playing.delete(client));
    let next = 0;
    const goOn = (): void => {
      const batch = batches[next++];
      if (batch === undefined) {
        this.#playing.delete(client);
        return;
      }
      const leave = () => this.#send(client, link, batch.calls, goOn);
      if (batch.pauseMs > 0) this.#clock.after(batch.pauseMs, leave);
      else leave();
    };
    if (protocol === 3) link.send([{ requests: [["HELLO", "3"]], done: goOn }]);
    else goOn();
  }

  #send(client: number, link: SimLink, calls: readonly Call[], answered: () => void): void {
    if (link.isClosed) return;
    let open = calls.length;
    link.send(
      calls.map((call) => {
        const id = this.#invoked++;
        const stampNs = this.#clock.stamp();
        this.entries.push({ kind: "invoked", id, client, call, stampNs, wallMs: this.#clock.wallMs() });
        return {
          requests: requestsOf(call),
          done: (replies) => {
            const reply = replyTo(call, replies);
            // As whoever wrote the call would see it: its fate is not known, and the client does not go on.
            if (reply === undefined) return;
            this.#complete(id, call, reply);
            if (--open === 0) answered();
          },
        };
      }),
    );
  }

  #complete(id: number, call: Call, reply: Reply): void {
    const stampNs = this.#clock.stamp();
    this.entries.push({ kind: "completed", id, reply, stampNs, wallMs: this.#clock.wallMs() });
    if (reply.kind !== "error" && !(call.transaction && reply.kind === "nil")) this.#acked++;
    this.#completed();
  }
}

/** As they go over the wire: a transaction from WATCH to EXEC. */
function requestsOf({ requests, transaction, watch }: Call): readonly Request[] {
  if (!transaction) return requests;
  return [...(watch === undefined ? [] : [["WATCH", ...watch]]), ["MULTI"], ...requests, ["EXEC"]];
}

/** Undefined when MULTI was refused: then each request took effect by itself or not, and EXEC says nothing about them. */
function replyTo(call: Call, replies: readonly Reply[]): Reply | undefined {
  const last = replies.at(-1) as Reply;
  const nameOf = (index: number) => call.requests[index]?.[0] ?? "";
  if (!call.transaction) return flatPairs(nameOf(0), last);
  const begun = replies[call.watch === undefined ? 0 : 1];
  if (begun?.kind === "error") return undefined;
  if (last.kind !== "array") return last;
  return { kind: "array", items: last.items.map((item, index) => flatPairs(nameOf(index), item)) };
}
