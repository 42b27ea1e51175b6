/** What a server counts about itself since it started, or since CONFIG RESETSTAT. INFO shows it. */
import type { ReplyError } from "./resp/reply.ts";

export class Statistics {
  connectionsReceived = 0;
  connectionsRejected = 0;
  commandsProcessed = 0;
  inputBytes = 0;
  outputBytes = 0;
  expiredKeys = 0;
  expireCycleCapReached = 0;
  errorReplies = 0;
  /** Clients cut off because they sent too much at once, or read too little. */
  queryBufferLimitDisconnections = 0;
  outputBufferLimitDisconnections = 0;
  /** How often each error code was answered. */
  readonly errors = new Map<string, number>();

  countError(error: ReplyError): void {
    this.errorReplies++;
    const code = error.code;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  reset(): void {
    Object.assign(this, new Statistics(), { errors: this.errors });
    this.errors.clear();
  }
}
