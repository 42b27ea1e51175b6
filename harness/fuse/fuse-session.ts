/**
 * One mount's conversation with the kernel: requests are read from the device, handed over, and answered.
 *
 *     kernel ──read(2)──▶ buffer ──▶ handle(request) ──▶ request.answer(…) ──write(2)──▶ kernel
 *                            ▲                                  │
 *                            └─────────── free again ◀──────────┘
 *
 * Two readers wait in read(2) at a time, each on a thread of libuv's pool: while one request is handled, the next is
 * already being fetched. A request may be held for long (a slow sync, a stall); it keeps its buffer, and the reader goes
 * on with another, so that held requests never stop the others.
 *
 * Every request that wants an answer must get one, an interrupted one too: its caller is stuck in the kernel until then.
 */
import { read, writeSync } from "node:fs";
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

const readers = 2;
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

  /** @param fd of /dev/fuse, which the mount refers to. The session does not close it. */
  constructor(fd: number, handler: RequestHandler) {
    this.#fd = fd;
    this.#handler = handler;
    this.ended = Promise.all(Array.from({ length: readers }, () => this.#readAll())).then(() => undefined);
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
      if (!["ENOENT", "ENODEV", "ENOTCONN", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) {
        throw new Error(`the kernel refused the answer to opcode ${header.opcode}`, { cause: error });
      }
    }
  }

  giveBack(buffer: Buffer): void {
    if (this.#spare.length < spareBuffersMax) this.#spare.push(buffer);
  }

  #readAll(): Promise<void> {
    return new Promise((resolve, reject) => {
      const next = (): void => {
        const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(requestBytesMax);
        read(this.#fd, buffer, 0, buffer.length, null, (error) => {
          try {
            if (error === null) this.#receive(buffer);
            else this.giveBack(buffer);
          } catch (thrown) {
            reject(thrown as Error);
            return;
          }
          // ENOENT: the request was taken back before it could be read.
          if (error === null || ["ENOENT", "EINTR", "EAGAIN"].includes(error.code ?? "")) next();
          else if (["ENODEV", "ECONNABORTED"].includes(error.code ?? "")) resolve();
          else reject(error);
        });
      };
      next();
    });
  }

  #receive(buffer: Buffer): void {
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
  }
}
