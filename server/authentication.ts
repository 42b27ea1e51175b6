/** Logging in: which user a connection is, and whether it has to say so before it may do anything. */
import { ReplyError } from "./resp/reply.ts";
import type { Server } from "./server.ts";
import type { Session } from "./session.ts";

/** True: the session must log in before it may do anything else. */
export function mustAuthenticate(session: Session): boolean {
  return !session.authenticated && session.server.users.mustLogIn;
}

/** @throws ReplyError when user and password do not belong together. */
export function authenticate(session: Session, name: string, password: string): void {
  const { users } = session.server;
  const user = users.find(name);
  if (user?.accepts(password) !== true) {
    const object = session.request[0] ?? "";
    const context = session.transaction === undefined ? "toplevel" : "multi";
    users.note({ reason: "auth", context, object, username: name }, session);
    throw new ReplyError("WRONGPASS invalid username-password pair or user is disabled.");
  }
  session.user = user;
  session.authenticated = true;
  session.client?.trust();
}

/** Whether a new connection needs no password. */
export function startsAuthenticated(server: Server): boolean {
  return !server.users.mustLogIn;
}
