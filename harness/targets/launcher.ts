/**
 * Starts processes out of a small process. To start one the kernel copies the page tables of whoever asks: out of a harness
 * that holds recordings of hundreds of megabytes that takes milliseconds, in which nothing else happens there, and every
 * page that it touches afterwards is copied once more. A store that boots in ten milliseconds would wait for it as long.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromLauncher, ToLauncher } from "./launcher-protocol.ts";
import { NotStarted, type Spawn, type Spawned, type SpawnOrder } from "./spawn.ts";
import type { Ending } from "./target.ts";

const main = fileURLToPath(new URL("launcher-main.js", import.meta.url));

interface Awaited {
  readonly resolve: (spawned: Spawned) => void;
  readonly reject: (error: Error) => void;
  readonly end: (ending: Ending) => void;
  readonly ended: Promise<Ending>;
}

export class Launcher {
  readonly #process: ChildProcess;
  readonly #awaited = new Map<number, Awaited>();
  #count = 0;

  constructor() {
    this.#process = fork(main, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#process.on("message", (message: FromLauncher) => this.#take(message));
    this.#process.on("exit", () => this.#fail(new Error("the launcher of stores has ended")));
  }

  readonly spawn: Spawn = (order: SpawnOrder) => {
    const id = ++this.#count;
    let end: Awaited["end"] = () => undefined;
    const ended = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    return new Promise<Spawned>((resolve, reject) => {
      this.#awaited.set(id, { resolve, reject, end, ended });
      const message: ToLauncher = { id, start: order };
      this.#process.send(message, (error) => error && this.#fail(error));
    });
  };

  /** Resolves when it is gone, and nothing more can be started by it. What it started lives on. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    await gone;
  }

  #take(message: FromLauncher): void {
    const waiting = this.#awaited.get(message.id);
    if (waiting === undefined) return;
    if ("pid" in message) {
      waiting.resolve({ pid: message.pid, ended: waiting.ended });
      return;
    }
    this.#awaited.delete(message.id);
    if ("failed" in message) waiting.reject(new NotStarted(message.failed));
    else waiting.end(message.ended);
  }

  /** Of what it started nobody hears any more: whoever waits for one of them is told that it is gone. */
  #fail(error: Error): void {
    for (const { reject, end } of this.#awaited.values()) {
      reject(error);
      end({ exitCode: null, signal: null });
    }
    this.#awaited.clear();
  }
}
