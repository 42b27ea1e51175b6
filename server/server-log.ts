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
  /** The second of the last line, and how it is written: lines come many at once. */
  private second = Number.NaN;
  private shownSecond = "";

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
    const { process } = this.world;
    process.log(`${process.pid}:M ${this.time()} ${signs[level]} ${text}`);
  }

  /** In UTC, so that a log reads the same wherever it is read. */
  private time(): string {
    const wallMs = this.world.clock.wallMs();
    const second = Math.floor(wallMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.shownSecond = secondShown(new Date(second * 1000));
    }
    return `${this.shownSecond}.${String(wallMs - second * 1000).padStart(3, "0")}`;
  }
}

function secondShown(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${two(time.getUTCDate())} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
  return `${date} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}
