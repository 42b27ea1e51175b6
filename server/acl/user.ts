/**
 * A user: who may log in with which password, and what is allowed then. As it stands in a file:
 *
 *     user alice on #148de9c5… ~cached:* resetchannels -@all +get (%R~other:* resetchannels -@all +mget)
 *                │     └ a password, as its hash  └ its own selector           └ a further one
 *                └ may log in
 */

import { sha256 } from "../codec/sha256.ts";
import type { Args, Command } from "../commands/command.ts";
import { AclError, syntaxError } from "./acl-error.ts";
import type { CommandUniverse } from "./command-universe.ts";
import { type Denial, Selector } from "./selector.ts";

export class User {
  readonly name: string;
  enabled = false;
  /** Any password is right. */
  noPassword = false;
  /** Hashes. */
  passwords: string[] = [];
  /** May do everything: nothing needs to be looked at. */
  isUnlimited = false;
  private readonly universe: CommandUniverse;
  private sanitizing: "sanitize-payload" | "skip-sanitize-payload" | undefined;
  private root: Selector;
  private others: Selector[] = [];

  /** `allChannels`: what new users may listen to, by the configuration. */
  constructor(name: string, universe: CommandUniverse, allChannels: boolean) {
    this.name = name;
    this.universe = universe;
    this.root = new Selector(universe, allChannels);
  }

  copy(): User {
    const copy = new User(this.name, this.universe, false);
    copy.become(this);
    return copy;
  }

  /** Takes over the rights of another one, whose name does not count. */
  become(other: User): void {
    this.enabled = other.enabled;
    this.noPassword = other.noPassword;
    this.passwords = [...other.passwords];
    this.sanitizing = other.sanitizing;
    this.root = other.root.copy();
    this.others = other.others.map((selector) => selector.copy());
    this.isUnlimited = this.root.isUnlimited;
  }

  accepts(password: string): boolean {
    return this.enabled && (this.noPassword || this.passwords.includes(sha256(password)));
  }

  /** Whether whoever connects is this user at once. */
  get isOpen(): boolean {
    return this.enabled && this.noPassword;
  }

  /** @param allChannels as for a new user: what `reset` comes to. @throws AclError */
  apply(rule: string, allChannels: boolean): void {
    this.applyAny(rule, allChannels);
    this.isUnlimited = this.root.isUnlimited;
  }

  /** Why this request is not allowed; undefined: it is. */
  check(command: Command, args: Args): Denial | undefined {
    let furthest: Denial | undefined;
    for (const selector of [this.root, ...this.others]) {
      const denial = selector.check(command, args);
      if (denial === undefined) return undefined;
      if (furthest === undefined || denial.progress > furthest.progress) furthest = denial;
    }
    return furthest;
  }

  allowsChannel(channel: string, isPattern: boolean): boolean {
    return [this.root, ...this.others].some((selector) => selector.allowsChannel(channel, isPattern));
  }

  /** May run this request and read every key besides. */
  readsAllKeysWith(command: Command, args: Args): boolean {
    return [this.root, ...this.others].some(
      (selector) => selector.readsAllKeys && selector.check(command, args) === undefined,
    );
  }

  flags(): string[] {
    return [
      this.enabled ? "on" : "off",
      ...(this.noPassword ? ["nopass"] : []),
      ...(this.sanitizing === undefined ? [] : [this.sanitizing]),
    ];
  }

  /** Its own selector, then the further ones. */
  selectors(): readonly [Selector, ...Selector[]] {
    return [this.root, ...this.others];
  }

  /** Behind `user NAME`. */
  rules(): string {
    const passwords = this.passwords.map((hash) => `#${hash}`);
    const others = this.others.map((selector) => `(${selector.line()})`);
    return [...this.flags(), ...passwords, this.root.line(), ...others].join(" ");
  }

  private applyAny(rule: string, allChannels: boolean): void {
    const word = rule.toLowerCase();
    if (word === "on" || word === "off") this.enabled = word === "on";
    else if (word === "nopass") this.setPasswords([], true);
    else if (word === "resetpass") this.setPasswords([], false);
    else if (word === "sanitize-payload" || word === "skip-sanitize-payload") this.sanitizing = word;
    else if (word === "clearselectors") this.others = [];
    else if (word === "reset") this.become(new User(this.name, this.universe, allChannels));
    else if (rule.startsWith("(") && rule.endsWith(")"))
      this.others.push(this.newSelector(rule.slice(1, -1), allChannels));
    else if (/^[><#!]/.test(rule)) this.applyPassword(rule[0] as string, rule.slice(1));
    else if (!this.root.apply(rule)) throw syntaxError;
  }

  private newSelector(rules: string, allChannels: boolean): Selector {
    const selector = new Selector(this.universe, allChannels);
    for (const rule of rules.split(" ").filter(Boolean)) if (!selector.apply(rule)) throw syntaxError;
    return selector;
  }

  private applyPassword(sign: string, text: string): void {
    const isHash = sign === "#" || sign === "!";
    if (isHash && !/^[0-9a-f]{64}$/.test(text)) {
      throw new AclError(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
      );
    }
    const hash = isHash ? text : sha256(text);
    const isKnown = this.passwords.includes(hash);
    if (sign === ">" || sign === "#") {
      this.setPasswords(isKnown ? this.passwords : [...this.passwords, hash], false);
    } else if (isKnown) {
      this.passwords = this.passwords.filter((other) => other !== hash);
    } else {
      throw new AclError("The password you are trying to remove from the user does not exist");
    }
  }

  private setPasswords(passwords: string[], none: boolean): void {
    this.passwords = passwords;
    this.noPassword = none;
  }
}
