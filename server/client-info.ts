/** How a client is described: a line of CLIENT LIST. */
import type { Client } from "./client.ts";

/**
 *     id=3 addr=127.0.0.1:52310 … cmd=client|list user=default redir=-1 resp=2
 *
 * `isAsking`: it is the client that asks.
 */
export function describeClient(client: Client, isAsking: boolean): string {
  const { session, server, connection } = client;
  const { transaction } = session;
  const nowMs = server.world.clock.monotonicMs();
  const { channels, patterns } = server.channels.counts(session);
  const unread = client.unreadBytes();
  const fields: readonly (readonly [string, string | number])[] = [
    ["id", client.id],
    ["addr", connection.remote],
    ["laddr", connection.local],
    // A number that tools expect to be there; Node does not tell the real one.
    ["fd", client.id],
    ["name", client.name],
    ["age", Math.floor((nowMs - client.createdMs) / 1000)],
    ["idle", Math.floor((nowMs - client.lastActiveMs) / 1000)],
    ["flags", flagsOf(client)],
    ["db", session.db.index],
    ["sub", channels],
    ["psub", patterns],
    ["ssub", 0],
    ["multi", transaction === undefined ? -1 : transaction.queue.length],
    ["qbuf", client.pendingBytes() + (isAsking ? encodedBytes(session.request) : 0)],
    ["qbuf-free", 0],
    ["argv-mem", argumentBytes(session.request)],
    ["multi-mem", (transaction?.queue ?? []).reduce((sum, { args }) => sum + argumentBytes(args), 0)],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", 0],
    ["oll", unread > 0 ? 1 : 0],
    ["omem", unread],
    ["tot-mem", unread + client.pendingBytes()],
    ["events", unread > 0 ? "rw" : "r"],
    ["cmd", session.runs?.name ?? "NULL"],
    ["user", session.user.name],
    ["redir", session.tracking?.redirect ?? -1],
    ["resp", session.protocol],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

function flagsOf(client: Client): string {
  const { session, server, connection } = client;
  const flags: readonly (readonly [string, boolean])[] = [
    ["O", server.monitors.has(session)],
    ["P", session.subscriptionCount > 0],
    ["x", session.transaction !== undefined],
    ["b", server.blocking.isWaiting(session)],
    ["t", session.tracking !== undefined],
    ["R", session.tracking?.isBroken === true],
    ["B", session.tracking?.broadcast === true],
    ["d", server.watching.isTouched(session)],
    ["c", client.isClosing],
    ["U", connection.remote.startsWith("/")],
    ["e", client.noEvict],
  ];
  const set = flags.filter(([, isSet]) => isSet).map(([letter]) => letter);
  return set.length === 0 ? "N" : set.join("");
}

/** As the request came: while it runs, Redis still holds it in the buffer. */
function encodedBytes(args: readonly string[]): number {
  const line = (value: number) => String(value).length + 3;
  return args.reduce((sum, { length }) => sum + line(length) + length + 2, line(args.length));
}

function argumentBytes(args: readonly string[]): number {
  return args.reduce((sum, arg) => sum + arg.length, 0);
}
