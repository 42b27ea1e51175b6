/**
 * The users of a server. There is always `default`, whom everybody is who did not log in; unless told otherwise it needs no
 * password and may do everything, and then nothing of this is ever looked at.
 *
 *     requirepass word                     the password of `default`
 *     user alice on >secret ~a:* +@read    a line of the configuration for each user, or
 *     aclfile users.acl                    a file of such lines, which ACL SAVE writes and ACL LOAD reads
 */
import type { Client } from "../client.ts";
import { describeClient } from "../client-info.ts";
import type { Args, Command } from "../commands/command.ts";
import { ReplyError } from "../resp/reply.ts";
import { splitArguments } from "../resp/split-arguments.ts";
import type { Server } from "../server.ts";
import type { Session } from "../session.ts";
import { AclError } from "./acl-error.ts";
import { AclFile } from "./acl-file.ts";
import { AclLog, type DeniedEvent } from "./acl-log.ts";
import { CommandUniverse } from "./command-universe.ts";
import type { Denial } from "./selector.ts";
import { User } from "./user.ts";

export class Users {
  readonly log = new AclLog();
  readonly universe: CommandUniverse;
  readonly default: User;
  private readonly server: Server;
  private readonly byName = new Map<string, User>();

  constructor(server: Server) {
    this.server = server;
    this.universe = new CommandUniverse(server.commands.listedNow());
    this.default = this.newUser("default");
    for (const rule of ["on", "nopass", "~*", "&*", "+@all"]) this.default.apply(rule, true);
    this.byName.set("default", this.default);
    this.setDefaultPassword(server.config.get("requirepass"));
    server.config.whenSet("requirepass", (password) => {
      this.setDefaultPassword(password);
      // Where the configuration names users, `default` is among them.
      if (server.config.get("user").length > 0) this.changed();
    });
  }

  /** Users that the configuration or its file names. @throws AclError */
  start(): void {
    const { config } = this.server;
    const lines = config.get("user");
    const hasFile = config.get("aclfile") !== "";
    if (hasFile && lines.length > 0) {
      throw new AclError("users are named in the configuration and in an aclfile: only one of them can be right");
    }
    if (hasFile) this.load();
    else this.replace(lines.map((words) => this.read(words)));
  }

  /** By name, `default` among them. */
  all(): User[] {
    return [...this.byName.values()].sort((first, second) => (first.name < second.name ? -1 : 1));
  }

  find(name: string): User | undefined {
    return this.byName.get(name);
  }

  /** Every new connection must log in. */
  get mustLogIn(): boolean {
    return !this.default.isOpen;
  }

  /** ACL SETUSER: all of the rules, or none. @throws AclError */
  set(name: string, rules: readonly string[]): void {
    const known = this.byName.get(name);
    const wanted = known?.copy() ?? this.newUser(name);
    for (const rule of rules) this.apply(wanted, rule);
    if (known === undefined) this.byName.set(name, wanted);
    else known.become(wanted);
    this.changed();
    this.endForbiddenSubscriptions(known);
  }

  /** True when there was such a user; who is logged in as that is thrown out. */
  delete(name: string): boolean {
    const user = this.byName.get(name);
    if (user === undefined) return false;
    this.byName.delete(name);
    this.changed();
    for (const client of this.clientsOf(user)) this.end(client);
    return true;
  }

  /** ACL LOAD. @throws AclError: then everything is as it was */
  load(): void {
    const lines = this.file().read();
    this.replace(lines.map((line) => this.readLine(line)));
  }

  /** ACL SAVE. @throws AclError */
  save(): void {
    this.file().write(this.all().map((user) => `user ${user.name} ${user.rules()}`));
  }

  /** Why this request is not allowed; it is noted. Undefined: it is. */
  denial(command: Command, args: Args, session: Session): Denial | undefined {
    const denial = session.user.check(command, args);
    if (denial === undefined) return undefined;
    const { reason, object } = denial;
    const isQueued = session.transaction !== undefined || session.inExec;
    this.note({ reason, object, username: session.user.name, context: isQueued ? "multi" : "toplevel" }, session);
    return denial;
  }

  note(event: DeniedEvent, session: Session): void {
    const { world, config } = this.server;
    const client = session.client === undefined ? "" : describeClient(session.client, true);
    this.log.add(event, world.clock.wallMs(), client, config.get("acllog-max-len"));
  }

  /** @throws AclError */
  private apply(user: User, rule: string): void {
    try {
      user.apply(rule, this.server.config.get("acl-pubsub-default") === "allchannels");
    } catch (error) {
      if (!(error instanceof AclError)) throw error;
      throw new AclError(`Error in ACL SETUSER modifier '${rule}': ${error.message}`);
    }
  }

  private newUser(name: string): User {
    return new User(name, this.universe, this.server.config.get("acl-pubsub-default") === "allchannels");
  }

  private setDefaultPassword(password: string): void {
    for (const rule of password === "" ? ["nopass"] : ["resetpass", `>${password}`]) this.default.apply(rule, true);
  }

  private readLine({ text, place }: { readonly text: string; readonly place: string }): User {
    const [first, ...words] = splitArguments(text) ?? [];
    try {
      if (first !== "user" || words.length === 0) throw new AclError("a line should say: user NAME rules");
      return this.read(words);
    } catch (error) {
      if (!(error instanceof AclError)) throw error;
      throw new AclError(`${place}: ${error.message}. Nothing was changed`);
    }
  }

  /** `alice on >secret …` @throws AclError */
  private read([name = "", ...words]: readonly string[]): User {
    const user = this.newUser(name);
    if (/[\s\0]/.test(name)) throw new AclError("Usernames can't contain spaces or null characters");
    for (const rule of joinSelectors(words)) this.apply(user, rule);
    return user;
  }

  /** All users are these; `default` stays as it is where it is not among them. Sessions of the others end. */
  private replace(users: readonly User[]): void {
    const byName = new Map<string, User>();
    for (const user of users) {
      if (byName.has(user.name)) throw new AclError(`Duplicate user '${user.name}' found`);
      byName.set(user.name, user);
    }
    const gone = [...this.byName.values()].filter((user) => user !== this.default);
    const wanted = byName.get("default");
    if (wanted !== undefined) this.default.become(wanted);
    this.byName.clear();
    this.byName.set("default", this.default);
    for (const user of users) if (user.name !== "default") this.byName.set(user.name, user);
    for (const user of gone) for (const client of this.clientsOf(user)) this.end(client);
  }

  /** CONFIG REWRITE writes them, unless they have a file of their own. */
  private changed(): void {
    const { config } = this.server;
    if (config.get("aclfile") !== "") return;
    config.set(
      "user",
      this.all().map((user) => [user.name, ...joinSelectors(user.rules().split(" "))]),
    );
  }

  private file(): AclFile {
    const name = this.server.config.get("aclfile");
    if (name === "") {
      throw new AclError(
        "This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER " +
          "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store " +
          "users in the Redis configuration.",
      );
    }
    return new AclFile(this.server.world, this.server.config.get("dir"), name);
  }

  private endForbiddenSubscriptions(user: User | undefined): void {
    if (user === undefined) return;
    for (const client of this.clientsOf(user)) {
      const { channels, patterns } = this.server.channels.names(client.session);
      const isAllowed =
        channels.every((channel) => user.allowsChannel(channel, false)) &&
        patterns.every((pattern) => user.allowsChannel(pattern, true));
      if (!isAllowed) this.end(client);
    }
  }

  private clientsOf(user: User): Client[] {
    return [...this.server.clients.values()].filter(({ session }) => session.user === user);
  }

  /** Who asked for it is answered first. */
  private end(client: Client): void {
    client.session.user = this.default;
    client.session.authenticated = false;
    if (this.server.execution.current === client.session) client.closeAfterReplies();
    else client.destroy();
  }
}

/** A selector may be written with blanks: `(`, `~a`, `+get )` are one rule. @throws AclError */
export function joinSelectors(words: readonly string[]): string[] {
  const rules: string[] = [];
  let open: { readonly from: string; text: string } | undefined;
  for (const word of words) {
    if (open === undefined && !(word.startsWith("(") && !word.endsWith(")"))) {
      rules.push(word);
      continue;
    }
    open = { from: open?.from ?? word, text: open === undefined ? word : `${open.text} ${word}` };
    if (!word.endsWith(")")) continue;
    rules.push(open.text);
    open = undefined;
  }
  if (open !== undefined) throw new AclError(`Unmatched parenthesis in acl selector starting at '${open.from}'.`);
  return rules;
}

/** What a client is told, in the words of Redis. */
export function describeDenial({ reason, object }: Denial): ReplyError {
  const what = reason === "command" ? `run the '${object}' command` : `access one of the ${reason}s used as arguments`;
  return new ReplyError(`NOPERM this user has no permissions to ${what}`);
}
