/**
 * Which commands somebody may run, as the rules that said so and as what they come to.
 *
 *     -@all +@read -get +config|get +select|0        later rules win; `select|0` is SELECT with the argument 0 alone
 *
 * A rule that a later one makes pointless is forgotten, so that what is shown stays short.
 */
import { AclError, syntaxError, unknownCommand } from "./acl-error.ts";
import { allCategories } from "./categories.ts";
import type { CommandUniverse } from "./command-universe.ts";

export class CommandRules {
  private readonly universe: CommandUniverse;
  /** In order; the first one is about all commands. */
  private rules: string[] = ["-@all"];
  /** Undefined: whatever there is. Most users may run everything, and then nobody asks what that is. */
  private some: Set<string> | undefined = new Set();
  /** Of commands that are not allowed as such: with which first arguments they are. */
  private firstArguments = new Map<string, Set<string>>();

  constructor(universe: CommandUniverse) {
    this.universe = universe;
  }

  get isUnlimited(): boolean {
    return this.rules.length === 1 && this.rules[0] === "+@all";
  }

  private get allowed(): Set<string> {
    this.some ??= new Set(this.universe.names());
    return this.some;
  }

  copy(): CommandRules {
    const copy = new CommandRules(this.universe);
    copy.rules = [...this.rules];
    copy.some = this.some && new Set(this.some);
    copy.firstArguments = new Map([...this.firstArguments].map(([name, words]) => [name, new Set(words)]));
    return copy;
  }

  allows(name: string, args: readonly string[]): boolean {
    return this.allowed.has(name) || this.firstArguments.get(name)?.has(args[1]?.toLowerCase() ?? "") === true;
  }

  describe(): string {
    return this.rules.join(" ");
  }

  /** `+get`, `-@write`, `+config|get` … @throws AclError */
  apply(rule: string): void {
    const sign = rule[0] as "+" | "-";
    const name = rule.slice(1).toLowerCase();
    if (name.startsWith("@")) this.applyCategory(sign, name.slice(1));
    else if (this.universe.has(name)) this.applyNames(sign, name, this.universe.family(name));
    else if (this.universe.isForeign(name)) this.applyNames(sign, name, [name]);
    else this.applyFirstArgument(sign, name);
  }

  private applyCategory(sign: "+" | "-", category: string): void {
    if (category === "all") {
      this.some = sign === "+" ? undefined : new Set();
      this.firstArguments.clear();
      this.rules = [`${sign}@all`];
      return;
    }
    if (!allCategories.some((known) => known === category)) throw unknownCommand;
    for (const name of this.universe.inCategory(category)) this.set(sign, name);
    this.record(`${sign}@${category}`);
  }

  private applyNames(sign: "+" | "-", name: string, names: readonly string[]): void {
    const isNew = names.map((each) => this.set(sign, each)).some(Boolean);
    if (isNew) this.record(sign + name);
  }

  private applyFirstArgument(sign: "+" | "-", name: string): void {
    const [command = "", word, more] = name.split("|");
    if (!this.universe.has(command) || word === undefined || sign === "-") throw unknownCommand;
    if (more !== undefined) {
      throw this.universe.has(`${command}|${word}`)
        ? new AclError("Allowing first-arg of a subcommand is not supported")
        : unknownCommand;
    }
    if (this.universe.isContainer(command)) throw unknownCommand;
    if (word === "") throw syntaxError;
    if (this.allowed.has(command)) return;
    const words = this.firstArguments.get(command) ?? new Set();
    this.firstArguments.set(command, words.add(word));
    this.record(sign + name);
  }

  /** True: something is different now. */
  private set(sign: "+" | "-", name: string): boolean {
    const hadArguments = this.firstArguments.delete(name);
    if (sign === "-") return this.allowed.delete(name) || hadArguments;
    const isNew = !this.allowed.has(name);
    this.allowed.add(name);
    return isNew;
  }

  /** Earlier rules about the same, or about a part of it, have no say any more. */
  private record(rule: string): void {
    const name = rule.slice(1);
    this.rules = this.rules.filter((old) => old.slice(1) !== name && !old.slice(1).startsWith(`${name}|`));
    this.rules.push(rule);
  }
}
