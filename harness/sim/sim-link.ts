/** A connection of a simulated client: requests out in one piece, replies back, matched in order. */
import type { Reply, Request } from "../recording/history.ts";
import type { RespClient } from "../targets/target.ts";
import { ReplyReader } from "./resp-replies.ts";
import type { ClientEnd } from "./sim-net.ts";

interface Sent {
  readonly request: Request;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

interface Exchange {
  readonly count: number;
  readonly replies: Reply[];
  readonly done: (replies: readonly Reply[]) => void;
}

export class SimLink {
  readonly #connection: ClientEnd;
  readonly #reader = new ReplyReader();
  readonly #open: Exchange[] = [];
  isClosed = false;

  /** @param closed told once, when no reply can come any more. */
  constructor(connection: ClientEnd, closed: () => void) {
    this.#connection = connection;
    connection.onData((bytes) => this.#receive(bytes));
    connection.onClosed(() => {
      this.isClosed = true;
      closed();
    });
  }

  /** All in one piece. `done` is called when the last reply of an exchange is there, or never. */
  send(exchanges: readonly { readonly requests: readonly Request[]; readonly done: Exchange["done"] }[]): void {
    for (const { requests, done } of exchanges) this.#open.push({ count: requests.length, replies: [], done });
    let text = "";
    for (const { requests } of exchanges) for (const request of requests) text += encodeRequest(request);
    this.#connection.send(text);
  }

  close(): void {
    this.isClosed = true;
    this.#connection.close();
  }

  #receive(bytes: string): void {
    for (const reply of this.#reader.feed(bytes)) {
      const exchange = this.#open[0];
      if (exchange === undefined) throw new Error("a reply came that nobody asked for");
      exchange.replies.push(reply);
      if (exchange.replies.length < exchange.count) continue;
      this.#open.shift();
      exchange.done(exchange.replies);
    }
  }
}

/** The same for code that waits: whoever reads a store back. */
export class SimRespClient implements RespClient {
  readonly closed: Promise<void>;
  readonly #link: SimLink;
  #pending: Sent[] | undefined;
  /** What left together, and is not answered yet. */
  readonly #waiting = new Set<readonly Sent[]>();

  constructor(connection: ClientEnd) {
    let tellClosed = (): void => undefined;
    this.closed = new Promise((resolve) => {
      tellClosed = resolve;
    });
    this.#link = new SimLink(connection, () => {
      for (const { reject } of [...this.#waiting].flat()) reject(new Error("the connection ended"));
      tellClosed();
    });
  }

  send(request: Request): Promise<Reply> {
    if (this.#link.isClosed) return Promise.reject(new Error("the connection ended"));
    return new Promise((resolve, reject) => {
      const sent = { request, resolve, reject };
      if (this.#pending === undefined) this.#flush([sent]);
      else this.#pending.push(sent);
    });
  }

  together<T>(run: () => T): T {
    this.#pending = [];
    try {
      return run();
    } finally {
      const pending = this.#pending;
      this.#pending = undefined;
      this.#flush(pending);
    }
  }

  close(): void {
    this.#link.close();
  }

  #flush(sent: readonly Sent[]): void {
    if (sent.length === 0) return;
    this.#waiting.add(sent);
    const done = (replies: readonly Reply[]) => {
      this.#waiting.delete(sent);
      for (const [index, { resolve }] of sent.entries()) resolve(replies[index] as Reply);
    };
    this.#link.send([{ requests: sent.map(({ request }) => request), done }]);
  }
}

function encodeRequest(request: Request): string {
  let text = `*${request.length}\r\n`;
  for (const word of request) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}
