/**
 * A server's own table of commands: what `commands.ts` lists, with what this server counts about each.
 */
import { type Args, accepts, type Command } from "./commands/command.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

/** A command as one server knows it: the answers that every request needs, worked out once, and its statistics. */
export class KnownCommand {
  readonly command: Command;
  readonly subcommands: ReadonlyMap<string, KnownCommand> | undefined;
  readonly isExec: boolean;
  readonly writes: boolean;
  readonly reads: boolean;
  readonly mayReplicate: boolean;
  /** May need more memory than there is. */
  readonly needsMemory: boolean;
  readonly deniedWhileLoading: boolean;
  readonly needsAuth: boolean;
  readonly deniedInTransaction: boolean;
  /** Runs at once inside MULTI, where every other command is queued. */
  readonly isNeverQueued: boolean;
  readonly isProtected: boolean;
  readonly isFast: boolean;
  /** Kept out of the slow log: it waits for something, or tells passwords. */
  readonly skipsSlowLog: boolean;
  /** Shown to clients that asked for MONITOR. */
  readonly isMonitored: boolean;
  /** Allowed to a RESP2 client that is subscribed to channels. */
  readonly allowedWhenSubscribed: boolean;
  readonly propagates: "together" | "apart";
  calls = 0;
  /** Refused before it ran. */
  rejectedCalls = 0;
  /** Ran and answered an error. */
  failedCalls = 0;
  microseconds = 0;
  /** Undefined until it was called; only while `latency-tracking` is on. */
  latency: LatencyHistogram | undefined;

  constructor(command: Command) {
    const { name, flags } = command;
    this.command = command;
    this.subcommands =
      command.subcommands === undefined
        ? undefined
        : new Map([...command.subcommands].map(([word, subcommand]) => [word, new KnownCommand(subcommand)]));
    this.isExec = name === "exec";
    this.writes = flags.has("write");
    this.reads = flags.has("readonly");
    this.mayReplicate = this.writes || flags.has("may_replicate");
    this.needsMemory = flags.has("denyoom");
    this.deniedWhileLoading = !flags.has("loading");
    this.needsAuth = !flags.has("no_auth");
    this.deniedInTransaction = flags.has("no_multi");
    this.isNeverQueued = ["exec", "discard", "multi", "watch", "quit", "reset"].includes(name);
    this.isMonitored = !flags.has("admin") && !flags.has("skip_monitor");
    this.isProtected = flags.has("protected");
    this.isFast = flags.has("fast");
    this.skipsSlowLog = flags.has("skip_slowlog");
    this.allowedWhenSubscribed = /^(ping|[ps]?subscribe|[ps]?unsubscribe|quit|reset)$/.test(name);
    this.propagates = flags.has("touches_arbitrary_keys") ? "apart" : "together";
  }

  get name(): string {
    return this.command.name;
  }

  accepts(argumentCount: number): boolean {
    return accepts(this.command.arity, argumentCount);
  }

  /** A call has taken so long. */
  took(microseconds: number, isTracked: boolean): void {
    this.calls++;
    this.microseconds += microseconds;
    if (!isTracked) return;
    this.latency ??= new LatencyHistogram();
    this.latency.add(microseconds);
  }

  forgetStatistics(): void {
    this.latency = undefined;
    this.calls = this.rejectedCalls = this.failedCalls = this.microseconds = 0;
    for (const subcommand of this.subcommands?.values() ?? []) subcommand.forgetStatistics();
  }
}

export class CommandTable {
  /** By name; replaced as soon as this server has another one. */
  private listed: ReadonlyMap<string, Command>;
  /** Those that somebody asked for. A server is asked for few, and one that only recovers for fewer. */
  private readonly byName = new Map<string, KnownCommand>();
  /** The names as clients mostly write them, so that the common case needs no conversion. */
  private readonly byUpperName = new Map<string, KnownCommand>();

  /** @param commands by name */
  constructor(commands: ReadonlyMap<string, Command>) {
    this.listed = commands;
  }

  add(command: KnownCommand, name = command.name): void {
    this.listed = new Map(this.listed).set(name, command.command);
    this.keep(command, name);
  }

  /** By name in any case. */
  byNameOf(name: string): KnownCommand | undefined {
    return this.byUpperName.get(name) ?? this.meet(name.toLowerCase());
  }

  private meet(name: string): KnownCommand | undefined {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const command = this.listed.get(name);
    return command && this.keep(new KnownCommand(command), name);
  }

  private keep(command: KnownCommand, name: string): KnownCommand {
    this.byName.set(name, command);
    this.byUpperName.set(name.toUpperCase(), command);
    return command;
  }

  /** The command, or the subcommand, that a request names; undefined when there is none such. */
  find(args: Args): KnownCommand | undefined {
    const command = this.byNameOf(args[0] as string);
    if (command?.subcommands === undefined || args.length === 1) return command;
    return command.subcommands.get((args[1] as string).toLowerCase());
  }

  /** Those of this moment, whatever is renamed later. */
  listedNow(): Iterable<Command> {
    return this.listed.values();
  }

  all(): KnownCommand[] {
    return [...this.listed.keys()].map((name) => this.meet(name) as KnownCommand);
  }

  /** Gives a command another name, or with an empty one takes it away (`rename-command`). */
  rename(from: string, to: string): "renamed" | "no such command" | "name taken" {
    const command = this.byNameOf(from);
    if (command === undefined) return "no such command";
    const name = to.toLowerCase();
    if (name !== "" && this.listed.has(name)) return "name taken";
    this.forget(from);
    if (name !== "") this.add(command, name);
    return "renamed";
  }

  private forget(name: string): void {
    const listed = new Map(this.listed);
    listed.delete(name.toLowerCase());
    this.listed = listed;
    this.byName.delete(name.toLowerCase());
    this.byUpperName.delete(name.toUpperCase());
  }
}
