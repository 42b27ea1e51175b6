/** All commands that a rule may name: what this server has, and what files written for Redis may name besides. */
import type { Command } from "../commands/command.ts";
import { categoriesOf } from "./categories.ts";

/** Lua, replication, modules, shards and clusters: rules about them are kept, and there is nothing that they would mean. */
const elsewhere =
  "eval evalsha eval_ro evalsha_ro fcall fcall_ro script function sync psync replconf replicaof slaveof failover module " +
  "asking readonly readwrite restore-asking lolwut spublish ssubscribe sunsubscribe cluster";
/** Of such commands, and of some that have fewer subcommands here, any subcommand may be named. */
const openContainers = new Set(["script", "function", "module", "cluster", "memory", "latency", "pubsub"]);
const scripting = /^(eval|fcall|script|function)/;

export class CommandUniverse {
  /** The categories of every command and subcommand, by its full name. */
  private readonly known = new Map<string, readonly string[]>();
  private readonly containers = new Set<string>();
  private readonly commands: Iterable<Command>;

  constructor(commands: Iterable<Command>) {
    this.commands = commands;
  }

  /** Gathered when a rule first names a command: most servers have none that does. */
  private get categories(): ReadonlyMap<string, readonly string[]> {
    if (this.known.size > 0) return this.known;
    for (const command of this.commands) this.add(command);
    for (const name of elsewhere.split(" ")) this.known.set(name, scripting.test(name) ? ["scripting"] : []);
    return this.known;
  }

  has(name: string): boolean {
    return this.categories.has(name);
  }

  isContainer(name: string): boolean {
    return (this.categories.has(name) && this.containers.has(name)) || openContainers.has(name);
  }

  /** A subcommand that this server does not have, of a command of which that is no matter. */
  isForeign(name: string): boolean {
    const [parent = "", word = "", ...more] = name.split("|");
    return openContainers.has(parent) && word !== "" && more.length === 0 && !this.has(name);
  }

  names(): Iterable<string> {
    return this.categories.keys();
  }

  /** Commands and subcommands of a category. */
  inCategory(category: string): string[] {
    return [...this.categories].filter(([, categories]) => categories.includes(category)).map(([name]) => name);
  }

  /** The command and all its subcommands. */
  family(name: string): string[] {
    return [...this.names()].filter((other) => other === name || other.startsWith(`${name}|`));
  }

  private add(command: Command): void {
    this.known.set(command.name, categoriesOf(command));
    if (command.subcommands === undefined) return;
    this.containers.add(command.name);
    for (const subcommand of command.subcommands.values()) this.add(subcommand);
  }
}
