/**
 * Passwords. There is one user, `default`, and one password, `requirepass`; without it everybody may do everything.
 */
import type { Config } from "./config/config.ts";
import { ReplyError } from "./resp/reply.ts";
import type { Session } from "./session.ts";

/** True: the session must name the password before it may do anything else. */
export function mustAuthenticate(session: Session): boolean {
  return !session.authenticated && session.server.config.get("requirepass") !== "";
}

/** @throws ReplyError when user and password do not belong together. */
export function authenticate(session: Session, user: string, password: string): void {
  const required = session.server.config.get("requirepass");
  const isRight = user === "default" && (required === "" || equalSlowly(password, required));
  if (!isRight) throw new ReplyError("WRONGPASS invalid username-password pair or user is disabled.");
  session.authenticated = true;
  session.client?.trust();
}

/** Whether a new connection must authenticate. */
export function startsAuthenticated(config: Config): boolean {
  return config.get("requirepass") === "";
}

/** Takes as long for a password that begins rightly as for one that does not. */
function equalSlowly(given: string, required: string): boolean {
  let difference = given.length ^ required.length;
  for (let index = 0; index < given.length; index++) {
    difference |= given.charCodeAt(index) ^ required.charCodeAt(index % required.length);
  }
  return difference === 0;
}
