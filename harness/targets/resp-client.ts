/**
 * A connection that an oracle can believe: ioredis with everything off that would hide a crash.
 *
 * A client library is built to make a broken connection invisible: it queues while offline, connects again and sends
 * again what got no answer. An INCR that a crash left unanswered is then applied once more behind everybody's back, and
 * the crash is gone from the history. Here what left has left, once; what got no reply never gets one.
 */
import { Command, Redis, type RedisOptions, ReplyError } from "ioredis";
import type { Bytes, Reply, Request } from "../recording/history.ts";
import type { RespClient } from "./target.ts";

export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

/** What the wire speaks. Replies have the same form in both, RESP2's: the library and `flatPairs` see to that. */
export type Protocol = 2 | 3;

/** RESP3 answers these with an array for each member and its score, RESP2 with all of them in a row. */
const answeredInPairs: ReadonlySet<string> = new Set(
  "ZPOPMIN ZPOPMAX ZRANDMEMBER ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZDIFF ZINTER ZUNION HRANDFIELD".split(
    " ",
  ),
);

/** The options without which a history is worthless. Nothing in the harness talks to a store without them. */
export const oracleOptions = {
  retryStrategy: null,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
} as const satisfies RedisOptions;

/** The library's own conversation with the store at connect, which costs round trips and tells us nothing. */
const noSmallTalk = { enableReadyCheck: false, disableClientInfo: true, keepAlive: 0 } as const satisfies RedisOptions;

export interface ConnectOptions {
  readonly protocol?: Protocol;
  readonly password?: string;
  readonly patienceMs?: number;
}

/** @throws Error when nobody listens there, or nobody answers in `patienceMs`. */
export async function connectTo(endpoint: Endpoint, options: ConnectOptions = {}): Promise<OracleConnection> {
  const redis = new Redis({
    ...endpoint,
    ...oracleOptions,
    ...noSmallTalk,
    lazyConnect: true,
    protocol: options.protocol ?? 2,
    connectTimeout: options.patienceMs ?? 10_000,
    ...(options.password !== undefined && { password: options.password }),
  });
  // Each call that was under way rejects by itself; the event that says it again would end the process if unheard.
  let trouble: Error | undefined;
  redis.on("error", (error: Error) => {
    trouble = error;
  });
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw trouble ?? error;
  }
  return new OracleConnection(redis);
}

export class OracleConnection implements RespClient {
  private readonly redis: Redis;
  /** What is gathered to leave in one write. */
  private gathered: Gathered | undefined;
  /** Resolves when the connection is gone: from then on no reply can arrive. */
  readonly closed: Promise<void>;

  constructor(redis: Redis) {
    this.redis = redis;
    this.closed = new Promise((resolve) => {
      if (redis.status === "end") resolve();
      else redis.once("end", () => resolve());
    });
  }

  async send(request: Request): Promise<Reply> {
    const [name = "", ...values] = request;
    // Upper case, because the library reshapes the replies of the commands that it knows, in lower case.
    const command = new Command(name.toUpperCase(), values.map(toArgument));
    try {
      return flatPairs(name, toReply(await this.redis.sendCommand(command, this.gathered)));
    } catch (error) {
      if (error instanceof ReplyError) return toReply(error);
      throw error;
    }
  }

  /**
   * All that `run` sends leaves in one write: pipelining as a client means it. Put together here, because a thousand pieces
   * cost the socket more than their bytes do.
   */
  together<T>(run: () => T): T {
    const gathered = new Gathered(this.redis);
    this.gathered = gathered;
    try {
      return run();
    } finally {
      this.gathered = undefined;
      gathered.leaveBy(this.redis.stream);
    }
  }

  close(): void {
    this.redis.disconnect();
    // The library would wait for the other side to close too, and an orphan of a dead store may never do that.
    this.redis.stream.destroy();
  }
}

/** Requests as they would leave, one behind the other: what the library knows as the stream of a pipeline. */
class Gathered {
  readonly isPipeline = true;
  readonly destination: { readonly redis: Redis };
  private readonly pieces: (string | Buffer)[] = [];

  constructor(redis: Redis) {
    this.destination = { redis };
  }

  write(piece: string | Buffer): void {
    this.pieces.push(piece);
  }

  leaveBy(stream: Pick<Redis["stream"], "write">): void {
    if (this.pieces.length === 0) return;
    const isText = this.pieces.every((piece) => typeof piece === "string");
    stream.write(
      isText ? this.pieces.join("") : Buffer.concat(this.pieces.map((piece) => Buffer.from(piece as string))),
    );
  }
}

/** Plain text goes as a string, which is faster; bytes above 127 would be turned into UTF-8 and go as a buffer. */
function toArgument(bytes: Bytes): string | Buffer {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes.charCodeAt(index) > 127) return Buffer.from(bytes, "latin1");
  }
  return bytes;
}

/** A reply as RESP2 gives it; also for the replies within that of EXEC, each with the name of its command. */
export function flatPairs(command: string, reply: Reply): Reply {
  if (reply.kind !== "array" || !answeredInPairs.has(command.toUpperCase())) return reply;
  return { kind: "array", items: reply.items.flatMap((item) => (item.kind === "array" ? item.items : [item])) };
}

function toReply(value: unknown): Reply {
  if (value instanceof Uint8Array) return { kind: "string", value: Buffer.from(value).toString("latin1") };
  if (typeof value === "number") return { kind: "integer", value };
  if (typeof value === "string") return { kind: "string", value };
  if (value === null || value === undefined) return { kind: "nil" };
  if (Array.isArray(value)) return { kind: "array", items: value.map(toReply) };
  if (value instanceof Error) return { kind: "error", message: value.message };
  throw new Error(`the client library gave a reply of an unknown form: ${typeof value}`);
}
