/**
 * Where a store that somebody else started answers: `redis://[USER:PASSWORD@]HOST[:PORT]` or `unix:/PATH`. A password is
 * better given in REDISCLI_AUTH, as to redis-cli: command lines can be read by everybody.
 */
import type { Endpoint } from "../targets/resp-client.ts";

export const addressDefault = "redis://127.0.0.1:6379";

export interface StoreAddress {
  readonly endpoint: Endpoint;
  readonly user?: string;
  readonly password?: string;
}

/** Undefined when it is no address. */
export function parseAddress(text: string): StoreAddress | undefined {
  if (text.startsWith("unix:/")) return { endpoint: { path: text.slice("unix:".length) } };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "redis:" || url.hostname === "") return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    endpoint: { host, port: url.port === "" ? 6379 : Number(url.port) },
    ...(url.username !== "" && { user: decodeURIComponent(url.username) }),
    ...(url.password !== "" && { password: decodeURIComponent(url.password) }),
  };
}
