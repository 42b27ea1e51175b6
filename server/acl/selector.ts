/**
 * A selector: commands, keys and channels that go together. A user has one, and may have more: what one of them allows as
 * a whole is allowed.
 *
 *     ~foo:* %R~bar:* &news +@all -flushall
 *      │      │       └ channels    └ commands
 *      │      └ keys that may be read only (%W~: changed only)
 *      └ keys that may be read and changed
 */
import type { Args, Command } from "../commands/command.ts";
import { globMatches } from "../keyspace/glob.ts";
import { AclError, syntaxError } from "./acl-error.ts";
import { CommandRules } from "./command-rules.ts";
import type { CommandUniverse } from "./command-universe.ts";
import { type KeyNeed, needsOf } from "./key-needs.ts";

interface KeyPattern {
  readonly pattern: string;
  readonly read: boolean;
  readonly write: boolean;
}

/** Why a request is not allowed. */
export interface Denial {
  readonly reason: "command" | "key" | "channel";
  /** What it is about: the command's name, the key, the channel. */
  readonly object: string;
  /** Of several selectors the one counts that came furthest. */
  readonly progress: number;
}

export class Selector {
  private readonly universe: CommandUniverse;
  private commands: CommandRules;
  private keys: KeyPattern[] = [];
  private channels: string[] = [];
  private allKeys = false;
  private allChannels = false;

  constructor(universe: CommandUniverse, allChannels: boolean) {
    this.universe = universe;
    this.commands = new CommandRules(universe);
    this.allChannels = allChannels;
  }

  get isUnlimited(): boolean {
    return this.commands.isUnlimited && this.allKeys && this.allChannels;
  }

  copy(): Selector {
    const copy = new Selector(this.universe, this.allChannels);
    copy.commands = this.commands.copy();
    copy.keys = [...this.keys];
    copy.channels = [...this.channels];
    copy.allKeys = this.allKeys;
    return copy;
  }

  /** @returns false: it is no rule about commands, keys or channels. @throws AclError */
  apply(rule: string): boolean {
    const word = rule.toLowerCase();
    if (word === "allkeys" || rule === "~*") this.setKeys([], true);
    else if (word === "resetkeys") this.setKeys([], false);
    else if (word === "allchannels" || rule === "&*") this.setChannels([], true);
    else if (word === "resetchannels") this.setChannels([], false);
    else if (word === "allcommands") this.commands.apply("+@all");
    else if (word === "nocommands") this.commands.apply("-@all");
    else if (rule.startsWith("~") || rule.startsWith("%")) this.addKeys(rule);
    else if (rule.startsWith("&")) this.addChannel(rule.slice(1));
    else if (rule.startsWith("+") || rule.startsWith("-")) this.commands.apply(rule);
    else return false;
    return true;
  }

  check(command: Command, args: Args): Denial | undefined {
    const { name } = command;
    if (!command.flags.has("no_auth") && !this.commands.allows(name, args)) {
      return { reason: "command", object: name, progress: 0 };
    }
    if (!this.allKeys) {
      const key = needsOf(command, args).find((need) => !this.allowsKey(need))?.key;
      if (key !== undefined) return { reason: "key", object: key, progress: 1 + args.indexOf(key) };
    }
    const channel = this.forbiddenChannel(name, args);
    return channel === undefined
      ? undefined
      : { reason: "channel", object: channel, progress: 1 + args.length + args.indexOf(channel) };
  }

  /** May read every key there is. */
  get readsAllKeys(): boolean {
    return this.allKeys || this.keys.some(({ pattern, read }) => pattern === "*" && read);
  }

  /** A pattern is allowed only as it stands: what it matches may be more than another one does. */
  allowsChannel(channel: string, isPattern: boolean): boolean {
    if (this.allChannels) return true;
    return this.channels.some((known) => (isPattern ? known === channel : globMatches(known, channel)));
  }

  describe(): { readonly keys: string; readonly channels: string; readonly commands: string } {
    return {
      keys: this.allKeys ? "~*" : this.keys.map(describeKeys).join(" "),
      channels: this.allChannels ? "&*" : this.channels.map((channel) => `&${channel}`).join(" "),
      commands: this.commands.describe(),
    };
  }

  /** As it stands in a file. */
  line(): string {
    const { keys, channels, commands } = this.describe();
    return [keys, this.allChannels ? "&*" : `resetchannels ${channels}`.trimEnd(), commands].filter(Boolean).join(" ");
  }

  private setKeys(keys: KeyPattern[], all: boolean): void {
    this.keys = keys;
    this.allKeys = all;
  }

  private setChannels(channels: string[], all: boolean): void {
    this.channels = channels;
    this.allChannels = all;
  }

  private addKeys(rule: string): void {
    if (this.allKeys) throw pointless("allkeys", "resetkeys", "patterns");
    const [, letters = "RW", pattern = ""] = /^(?:%([RWrw]+))?~(.*)$/s.exec(rule) ?? [];
    if (rule.startsWith("%") && !/^%[RWrw]+~/.test(rule)) throw syntaxError;
    const read = /r/i.test(letters);
    const write = /w/i.test(letters);
    if (pattern === "*" && read && write) {
      this.setKeys([], true);
      return;
    }
    const known = this.keys.findIndex((other) => other.pattern === pattern);
    const before = this.keys[known];
    if (before === undefined) this.keys.push({ pattern, read, write });
    else this.keys[known] = { pattern, read: read || before.read, write: write || before.write };
  }

  private addChannel(channel: string): void {
    if (this.allChannels) throw pointless("allchannels", "resetchannels", "channels");
    if (!this.channels.includes(channel)) this.channels.push(channel);
  }

  private allowsKey({ key, read, write }: KeyNeed): boolean {
    return this.keys.some(
      (known) => (!read || known.read) && (!write || known.write) && globMatches(known.pattern, key),
    );
  }

  private forbiddenChannel(name: string, args: Args): string | undefined {
    if (this.allChannels) return undefined;
    if (name === "publish") return args.slice(1, 2).find((channel) => !this.allowsChannel(channel, false));
    if (name !== "subscribe" && name !== "psubscribe") return undefined;
    return args.slice(1).find((channel) => !this.allowsChannel(channel, name === "psubscribe"));
  }
}

function pointless(flag: string, reset: string, what: string): AclError {
  return new AclError(
    `Adding a pattern after the * pattern (or the '${flag}' flag) is not valid and does not have any effect. ` +
      `Try '${reset}' to start with an empty list of ${what}`,
  );
}

function describeKeys({ pattern, read, write }: KeyPattern): string {
  return `${read && write ? "" : read ? "%R" : "%W"}~${pattern}`;
}
