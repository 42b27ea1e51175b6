/** A store to measure: the bundled one or redis-server, on a folder of its own, with a connection that keeps time. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export type StoreName = "bundled" | "redis-server";

const bundled = fileURLToPath(new URL("../server/main.js", import.meta.url));

/** How the process of the bundled store is started beyond what it is told itself. */
export interface StoreProcess {
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class Store {
  readonly name: StoreName;
  readonly dir: string;
  private readonly options: readonly string[];
  private readonly how: StoreProcess;
  private port = 0;
  private process: ChildProcess | undefined;

  constructor(name: StoreName, options: readonly string[], how: StoreProcess = {}) {
    this.name = name;
    this.how = how;
    this.dir = mkdtempSync(path.join(os.tmpdir(), "lossbound-bench-"));
    this.options = options;
  }

  get pid(): number {
    return this.process?.pid as number;
  }

  /** Resolves when it answers PING, loaded. */
  async start(): Promise<void> {
    this.port = await freePort();
    const args = ["--port", String(this.port), "--dir", this.dir, "--enable-debug-command", "yes", ...this.options];
    const { nodeOptions = [], environment = {} } = this.how;
    const command = this.name === "bundled" ? [process.execPath, ...nodeOptions, bundled] : ["redis-server"];
    this.process = spawn(command[0] as string, [...command.slice(1), ...args], {
      stdio: "ignore",
      env: { ...process.env, ...environment },
    });
    for (;;) {
      const answer = await this.tryPing();
      if (answer === "+PONG") return;
      await pause(5);
    }
  }

  async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined) return;
    process.kill("SIGKILL");
    await once(process, "exit");
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  connect(): Promise<BenchConnection> {
    return BenchConnection.open(this.port);
  }

  /** Resident memory of the store and its children. */
  memoryBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  private async tryPing(): Promise<string> {
    try {
      const connection = await this.connect();
      const answer = await connection.ask("PING");
      connection.close();
      return answer;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

export class BenchConnection {
  private readonly socket: net.Socket;
  private waiting: { readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void }[] = [];
  private received = "";

  static open(port: number): Promise<BenchConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new BenchConnection(socket)));
    });
  }

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.take(text));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("closed")));
  }

  /** The reply as text: of a bulk string its content, of anything else its line. */
  ask(...request: string[]): Promise<string> {
    this.socket.write(encode(request), "latin1");
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async field(section: string, name: string): Promise<string> {
    const info = await this.ask("INFO", section);
    return new RegExp(`^${name}:(.*)\\r$`, "m").exec(info)?.[1] ?? "";
  }

  close(): void {
    this.socket.destroy();
  }

  private take(text: string): void {
    this.received += text;
    for (;;) {
      const end = this.received.indexOf("\r\n");
      if (end < 0) return;
      const line = this.received.slice(0, end);
      let answer = line;
      let next = end + 2;
      if (line.startsWith("$") && line !== "$-1") {
        const length = Number(line.slice(1));
        if (this.received.length < next + length + 2) return;
        answer = this.received.slice(next, next + length);
        next += length + 2;
      }
      this.received = this.received.slice(next);
      this.waiting.shift()?.resolve(answer);
    }
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

function encode(request: readonly string[]): string {
  return `*${request.length}\r\n${request.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
