/** What a server counts about itself since it started, or since CONFIG RESETSTAT. INFO shows it. */
import type { ReplyError } from "./resp/reply.ts";

/** How many of the last samples a rate is the mean of. */
const sampleCount = 16;

/** How fast a counter grows, by samples of it. */
export class Rate {
  private readonly samples: number[] = [];
  private lastCount = 0;
  private lastMs: number | undefined;

  sample(count: number, nowMs: number): void {
    if (this.lastMs !== undefined && nowMs > this.lastMs) {
      this.samples.push(((count - this.lastCount) * 1000) / (nowMs - this.lastMs));
      if (this.samples.length > sampleCount) this.samples.shift();
    }
    this.lastCount = count;
    this.lastMs = nowMs;
  }

  get perSecond(): number {
    if (this.samples.length === 0) return 0;
    return Math.max(0, this.samples.reduce((sum, sample) => sum + sample, 0) / this.samples.length);
  }
}

export class Statistics {
  connectionsReceived = 0;
  connectionsRejected = 0;
  commandsProcessed = 0;
  inputBytes = 0;
  outputBytes = 0;
  expiredKeys = 0;
  expiredFields = 0;
  evictedKeys = 0;
  expireCycleCapReached = 0;
  errorReplies = 0;
  /** Clients cut off because they sent too much at once, or read too little. */
  queryBufferLimitDisconnections = 0;
  outputBufferLimitDisconnections = 0;
  /** Savers started, and how long starting the last one held up the server. */
  forks = 0;
  latestForkUs = 0;
  /** How often each error code was answered. */
  errors = new Map<string, number>();
  rates = { commands: new Rate(), inputBytes: new Rate(), outputBytes: new Rate() };

  countError(error: ReplyError): void {
    this.errorReplies++;
    const { code } = error;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** Regularly, for the rates. */
  sample(nowMs: number): void {
    this.rates.commands.sample(this.commandsProcessed, nowMs);
    this.rates.inputBytes.sample(this.inputBytes, nowMs);
    this.rates.outputBytes.sample(this.outputBytes, nowMs);
  }

  reset(): void {
    Object.assign(this, new Statistics());
  }
}
