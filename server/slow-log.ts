/** The slow log: the last commands that took longer than `slowlog-log-slower-than`, and with what arguments. */
import type { Args } from "./commands/command.ts";
import type { Config, Setting } from "./config/config.ts";

const argumentsMax = 32;
const argumentBytesMax = 128;

export interface SlowCall {
  readonly id: number;
  readonly atS: number;
  readonly microseconds: number;
  readonly args: Args;
  readonly remote: string;
  readonly clientName: string;
}

export class SlowLog {
  private readonly config: Config;
  private readonly limitUs: Setting<number>;
  /** The latest one first. */
  private calls: SlowCall[] = [];
  private nextId = 0;

  constructor(config: Config) {
    this.config = config;
    this.limitUs = config.setting("slowlog-log-slower-than");
    config.whenSet("slowlog-max-len", () => this.trim());
  }

  /** Whether a call of that duration belongs here. */
  wants(microseconds: number): boolean {
    const limit = this.limitUs.value;
    return limit >= 0 && microseconds >= limit;
  }

  add(call: Omit<SlowCall, "id">): void {
    this.calls.unshift({ ...call, args: shortened(call.args), id: this.nextId++ });
    this.trim();
  }

  get length(): number {
    return this.calls.length;
  }

  latest(count: number): readonly SlowCall[] {
    return this.calls.slice(0, count);
  }

  clear(): void {
    this.calls = [];
  }

  private trim(): void {
    this.calls.length = Math.min(this.calls.length, this.config.get("slowlog-max-len"));
  }
}

function shortened(args: Args): Args {
  const tooMany = args.length > argumentsMax;
  const kept = (tooMany ? args.slice(0, argumentsMax - 1) : args).map((arg) =>
    arg.length > argumentBytesMax
      ? `${arg.slice(0, argumentBytesMax)}... (${arg.length - argumentBytesMax} more bytes)`
      : arg,
  );
  return tooMany ? [...kept, `... (${args.length - argumentsMax + 1} more arguments)`] : kept;
}
