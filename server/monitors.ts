/**
 * MONITOR: clients that are shown every request as it is executed.
 *
 *     1772892239.017000 [0 127.0.0.1:52310] "SET" "a" "1"
 *
 * What administers the server is left out, and so are passwords.
 */
import type { KnownCommand } from "./command-table.ts";
import type { Args } from "./commands/command.ts";
import { quote } from "./config/directive.ts";
import { SimpleString } from "./resp/reply.ts";
import type { Session } from "./session.ts";

const redacted = "(redacted)";

export class Monitors {
  private readonly sessions = new Set<Session>();

  get count(): number {
    return this.sessions.size;
  }

  add(session: Session): void {
    this.sessions.add(session);
  }

  forget(session: Session): void {
    this.sessions.delete(session);
  }

  has(session: Session): boolean {
    return this.sessions.has(session);
  }

  show(command: KnownCommand, args: Args, { server, db, client }: Session): void {
    if (!command.isMonitored) return;
    const nowMs = server.keyspace.nowMs;
    const time = `${Math.floor(nowMs / 1000)}.${String((nowMs % 1000) * 1000).padStart(6, "0")}`;
    const words = withoutPasswords(command, args).map(quote).join(" ");
    const line = new SimpleString(`${time} [${db.index} ${client?.connection.remote ?? "server"}] ${words}`);
    for (const session of this.sessions) session.client?.push(line);
  }
}

const secretDirectives = new Set(["requirepass", "masterauth"]);

/** A request as it may be shown. */
export function withoutPasswords(command: KnownCommand, args: Args): Args {
  if (command.name === "config|set") {
    return args.map((arg, index) => (secretDirectives.has(args[index - 1]?.toLowerCase() ?? "") ? redacted : arg));
  }
  if (/^acl\|(set|get|del)user$/.test(command.name)) return args.map((arg, index) => (index < 2 ? arg : redacted));
  if (command.name === "auth") return args.map((arg, index) => (index === 0 ? arg : redacted));
  if (command.name === "migrate") return withoutPasswordsOfMigrate(args);
  if (command.name !== "hello") return args;
  const auth = args.findIndex((arg) => arg.toUpperCase() === "AUTH");
  return args.map((arg, index) => (auth > 0 && (index === auth + 1 || index === auth + 2) ? redacted : arg));
}

/** `… AUTH password`, `… AUTH2 user password`, and behind KEYS whatever a key may be called. */
function withoutPasswordsOfMigrate(args: Args): Args {
  const shown = [...args];
  for (let at = 6; at < args.length; at++) {
    const word = (args[at] as string).toUpperCase();
    if (word === "KEYS") break;
    const secrets = word === "AUTH" ? 1 : word === "AUTH2" ? 2 : 0;
    for (let left = secrets; left > 0 && at + 1 < args.length; left--) shown[++at] = redacted;
  }
  return shown;
}
