/**
 * A store process to compare with: started in a folder of its own on a socket there, asked over RESP, ended by its pid.
 * Texts are latin1, one character a byte; an error reply is an `Error` among the replies, so that it can be compared.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";

export type PeerReply = string | number | null | Error | PeerReply[];

const patienceMs = 20_000;

export class Peer {
  readonly dir: string;
  private readonly child: ChildProcess;
  private readonly client: Redis;

  private constructor(dir: string, child: ChildProcess, client: Redis) {
    this.dir = dir;
    this.child = child;
    this.client = client;
  }

  /**
   * `command` and its arguments, as for redis-server; the socket and the folder are added. `port` 0: none.
   * @throws Error with what it printed when it does not come up
   */
  static async start(command: readonly string[], dir: string, port = 0): Promise<Peer> {
    const [executable = "", ...args] = command;
    const socket = path.join(dir, "peer.sock");
    const child = spawn(
      executable,
      [...args, "--port", String(port), "--unixsocket", socket, "--dir", dir, "--enable-debug-command", "yes"],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += String(text)));
    const deadline = Date.now() + patienceMs;
    while (!/Ready to accept|ready to accept/.test(printed) || !existsSync(socket)) {
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill("SIGKILL");
        throw new Error(`${executable} does not come up:\n${printed}`);
      }
      await pause(10);
    }
    const client = new Redis({
      path: socket,
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: null,
    });
    return new Peer(dir, child, client);
  }

  async call(name: string, ...args: (string | number)[]): Promise<PeerReply> {
    try {
      const bytes = args.map((arg) => Buffer.from(String(arg), "latin1"));
      return asTexts(await this.client.callBuffer(name, ...bytes));
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") return error;
      throw error;
    }
  }

  /** All of them in one go. */
  callAll(requests: readonly (readonly string[])[]): Promise<PeerReply[]> {
    return Promise.all(requests.map(([name = "", ...args]) => this.call(name, ...args)));
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }
}

/** A folder that is gone when the work is done. */
export async function inTemporaryFolder<R>(work: (dir: string) => Promise<R>): Promise<R> {
  const dir = mkdtempSync(path.join(tmpdir(), "lossbound-test-"));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function asTexts(reply: unknown): PeerReply {
  if (Buffer.isBuffer(reply)) return reply.toString("latin1");
  if (Array.isArray(reply)) return reply.map(asTexts);
  return reply as PeerReply;
}
