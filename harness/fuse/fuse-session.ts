/**
 * One mount's conversation with the kernel: requests are read from the device, handed over, and answered.
 *
 *     kernel ──read(2)──▶ buffer ──▶ handle(request) ──▶ request.answer(…) ──write(2)──▶ kernel
 *                            ▲                                  │
 *                            └─────────── free again ◀──────────┘
 *
 * It waits for the next request in one of two ways. As long as nothing else is to be done, this thread itself blocks in
 * read(2): one wake-up a request, 12 µs for a write of 100 bytes. When something is (a request is held, the harness has
 * asked for something), a thread of libuv's pool does the waiting, and the event loop turns: 28 µs, and three times the
 * work for the processor, which the store then lacks. Who wants the attention of a thread that is blocked sends it a
 * request: a STATFS of the mount ends the blocking for one turn of the event loop (`bell.ts`).
 *
 * A request may be held for long (a slow sync, a stall); it keeps its buffer, and reading goes on with another. Every
 * request that wants an answer must get one, an interrupted one too: its caller is stuck in the kernel until then.
 */
import { read, readSync, writeSync } from "node:fs";
import {
  answerHeaderBytes,
  errno,
  opcode,
  putInit,
  type RequestHeader,
  readCount,
  readHeader,
  requestBytesMax,
  requestHeaderBytes,
  writeBytesMax,
} from "./fuse-protocol.ts";

/** Buffers kept for later; more than this are only needed while many requests are held. */
const spareBuffersMax = 8;

/** A request that waits for its answer. Exactly one of `answer`, `refuse` and `forget` must be called, once. */
export class FuseRequest {
  readonly header: RequestHeader;
  /** What follows the header. Valid until the request is answered. */
  readonly body: Buffer;
  readonly #session: FuseSession;
  readonly #buffer: Buffer;

  constructor(session: FuseSession, buffer: Buffer, header: RequestHeader) {
    this.#session = session;
    this.#buffer = buffer;
    this.header = header;
    this.body = buffer.subarray(requestHeaderBytes, header.length);
  }

  /**
   * Where the answer's body is written, behind `answerHeaderBytes`. One buffer serves all requests: fill it and call
   * `answer` without awaiting anything in between.
   */
  get out(): Buffer {
    return this.#session.out;
  }

  answer(bodyLength: number): void {
    this.#session.send(this.header, 0, bodyLength);
    this.#session.giveBack(this.#buffer);
  }

  /** @param code positive, as in errno(3). */
  refuse(code: number): void {
    this.#session.send(this.header, code, 0);
    this.#session.giveBack(this.#buffer);
  }

  /** For the few requests that get no answer. */
  forget(): void {
    this.#session.giveBack(this.#buffer);
  }
}

export interface RequestHandler {
  /** False while anything waits for the event loop to turn. */
  readonly mayBlock: boolean;
  handle(request: FuseRequest): void;
  /**
   * A signal arrived for the thread that waits for `unique`.
   * Returns false when no such request is held, so that the kernel asks again should it still wait.
   */
  interrupt(unique: number): boolean;
}

export class FuseSession {
  readonly out = Buffer.allocUnsafe(answerHeaderBytes + writeBytesMax);
  /** Resolves when the mount is gone. Rejects when something went wrong that should not. */
  readonly ended: Promise<void>;
  readonly #fd: number;
  readonly #handler: RequestHandler;
  readonly #spare: Buffer[] = [];

  /** @param fd of /dev/fuse, which a mount refers to. The session does not close it. */
  constructor(fd: number, handler: RequestHandler) {
    this.#fd = fd;
    this.#handler = handler;
    this.ended = this.#serve();
  }

  send(header: RequestHeader, code: number, bodyLength: number): void {
    const { out } = this;
    const length = answerHeaderBytes + bodyLength;
    out.writeUInt32LE(length, 0);
    out.writeInt32LE(-code, 4);
    out.writeUInt32LE(header.unique % 0x1_0000_0000, 8);
    out.writeUInt32LE(Math.floor(header.unique / 0x1_0000_0000), 12);
    try {
      writeSync(this.#fd, out, 0, length);
    } catch (error) {
      // ENOENT: the request was aborted meanwhile. ENODEV, ENOTCONN, EPERM: the mount is gone. Nobody waits for an answer.
      if (!["ENOENT", "ENODEV", "ENOTCONN", "EPERM"].includes(codeOf(error))) {
        throw new Error(`the kernel refused the answer to opcode ${header.opcode}`, { cause: error });
      }
    }
  }

  giveBack(buffer: Buffer): void {
    if (this.#spare.length < spareBuffersMax) this.#spare.push(buffer);
  }

  async #serve(): Promise<void> {
    let outcome: Outcome;
    do {
      outcome = this.#handler.mayBlock ? this.#serveBlocking() : await this.#serveOne();
      if (outcome === "turn") await new Promise((resolve) => setImmediate(resolve));
    } while (outcome !== "ended");
  }

  /** Until something else is to be done. */
  #serveBlocking(): Outcome {
    let outcome: Outcome = "more";
    while (outcome === "more") {
      const buffer = this.#takeBuffer();
      outcome = this.#receive(
        buffer,
        errorOf(() => readSync(this.#fd, buffer, 0, buffer.length, null)),
      );
    }
    return outcome;
  }

  #serveOne(): Promise<Outcome> {
    const buffer = this.#takeBuffer();
    return new Promise((resolve, reject) => {
      read(this.#fd, buffer, 0, buffer.length, null, (error) => {
        try {
          resolve(this.#receive(buffer, error));
        } catch (thrown) {
          reject(thrown as Error);
        }
      });
    });
  }

  #takeBuffer(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(requestBytesMax);
  }

  #receive(buffer: Buffer, error: Error | null): Outcome {
    if (error !== null) {
      this.giveBack(buffer);
      const code = codeOf(error);
      // ENOENT: the request was taken back before it could be read.
      if (["ENOENT", "EINTR", "EAGAIN"].includes(code)) return "more";
      if (["ENODEV", "ECONNABORTED"].includes(code)) return "ended";
      throw error;
    }
    const header = readHeader(buffer);
    const request = new FuseRequest(this, buffer, header);
    if (header.opcode === opcode.init) {
      request.answer(putInit(this.out, request.body));
    } else if (header.opcode === opcode.interrupt) {
      // EAGAIN makes the kernel send it again, for as long as the interrupted request waits.
      if (this.#handler.interrupt(readCount(request.body, 0))) request.forget();
      else request.refuse(errno.EAGAIN);
    } else {
      this.#handler.handle(request);
    }
    return header.opcode === opcode.statfs || !this.#handler.mayBlock ? "turn" : "more";
  }
}

/** `turn`: the event loop has something to do, or may have. */
type Outcome = "more" | "turn" | "ended";

function errorOf(run: () => unknown): Error | null {
  try {
    run();
    return null;
  } catch (error) {
    return error as Error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
