/**
 * The memory limit. Keys are never evicted, whatever `maxmemory-policy` says: while the process takes more memory than
 * `maxmemory` allows, requests that may need more are refused. What is looked at is the resident memory, garbage that was
 * not collected yet included, for that is what the machine has to give.
 */
import type { Config } from "./config/config.ts";
import { ReplyError } from "./resp/reply.ts";
import type { ServerLog } from "./server-log.ts";
import type { Process } from "./world/world.ts";

export const outOfMemory = new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");

export class MemoryLimit {
  private readonly config: Config;
  private readonly process: Process;
  private readonly log: ServerLog;
  private exceeded = false;

  constructor(config: Config, process: Process, log: ServerLog) {
    this.config = config;
    this.process = process;
    this.log = log;
  }

  /** As it was when it was looked at last. */
  get isExceeded(): boolean {
    return this.exceeded;
  }

  /** Looks again: with every tick, and when the limit is another one. */
  check(): void {
    const limitBytes = this.config.get("maxmemory");
    this.exceeded = limitBytes > 0 && this.process.memoryBytes() > limitBytes;
  }

  /** What the configuration asks for and does not get must not go unsaid. */
  warn(): void {
    const policy = this.config.get("maxmemory-policy");
    if (this.config.get("maxmemory") === 0 || policy === "noeviction") return;
    this.log.warning(`maxmemory-policy ${policy}: this server evicts no keys, it refuses writes beyond maxmemory.`);
  }
}
