/**
 * The lines that a server says about itself, in Redis's form, because people and their tools read it:
 *
 *     4242:M 07 Mar 2026 14:03:59.017 * Ready to accept connections
 *     └ pid └ M: the server, C: before it is one    └ . debug, - verbose, * notice, # warning
 */
import type { Config } from "./config/config.ts";
import type { World } from "./world/world.ts";

const levels = ["debug", "verbose", "notice", "warning"] as const;
export type LogLevel = (typeof levels)[number];

const signs: Readonly<Record<LogLevel, string>> = { debug: ".", verbose: "-", notice: "*", warning: "#" };
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export class ServerLog {
  private readonly world: World;
  private readonly config: Config;

  constructor(world: World, config: Config) {
    this.world = world;
    this.config = config;
  }

  debug(text: string): void {
    this.say("debug", text);
  }

  verbose(text: string): void {
    this.say("verbose", text);
  }

  notice(text: string): void {
    this.say("notice", text);
  }

  warning(text: string): void {
    this.say("warning", text);
  }

  private say(level: LogLevel, text: string): void {
    if (levels.indexOf(level) < levels.indexOf(this.config.get("loglevel"))) return;
    const { process, clock } = this.world;
    process.log(`${process.pid}:M ${logTime(new Date(clock.wallMs()))} ${signs[level]} ${text}`);
  }
}

/** In UTC, so that a log reads the same wherever it is read. */
export function logTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${two(time.getUTCDate())} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  return `${date} ${clock}.${String(time.getUTCMilliseconds()).padStart(3, "0")}`;
}
