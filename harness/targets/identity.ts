/**
 * Who answers: what a store says of itself in `INFO server`. Compatible stores claim a `redis_version` for the sake of
 * old clients (Valkey 8 says 7.2.4), so the name that only they use is asked first.
 */
import { operations } from "../operations/operations.ts";
import type { Instance, RespClient, StoreIdentity } from "./target.ts";

const namesByField: readonly (readonly [field: string, name: string])[] = [
  ["lossbound_version", "lossbound-server"],
  ["valkey_version", "valkey-server"],
  ["dragonfly_version", "dragonfly"],
  ["kvrocks_version", "kvrocks"],
  ["garnet_version", "garnet"],
  ["redis_version", "redis-server"],
];

/** Whose commands a store understands that does not say: what every compatible one has. */
const redisVersionDefault = "6.0";

export async function identifyStore(instance: Instance, redisVersionGiven?: string): Promise<StoreIdentity> {
  const client = await instance.connect();
  try {
    const fields = await readInfo(client, "server");
    const redisVersion = redisVersionGiven ?? fields.get("redis_version") ?? redisVersionDefault;
    const [field, name] = namesByField.find(([known]) => fields.has(known)) ?? ["", "unknown store"];
    const version = fields.get(field)?.replace(/^(redis|df)-|^v/, "") ?? "unknown";
    return { name, version, redisVersion, unknownCommands: await askForCommands(client) };
  } finally {
    client.close();
  }
}

/** A store that does not say which commands it knows is taken to know those of its version. */
async function askForCommands(client: RespClient): Promise<string[]> {
  const names = [...operations.keys()];
  const reply = await client.send(["COMMAND", "INFO", ...names]);
  if (reply.kind !== "array" || reply.items.length !== names.length) return [];
  const { items } = reply;
  return names.filter((_, index) => items[index]?.kind === "nil").sort();
}

/** Undefined when the store does not tell. */
export async function processIdOf(client: RespClient): Promise<number | undefined> {
  const text = (await readInfo(client, "server")).get("process_id");
  return text === undefined ? undefined : Number(text);
}

/** One section of INFO, by field. Empty when the store refuses to say. */
export async function readInfo(client: RespClient, section: string): Promise<ReadonlyMap<string, string>> {
  const reply = await client.send(["INFO", section]);
  if (reply.kind !== "string") return new Map();
  const pairs = reply.value.split("\r\n").flatMap((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
  });
  return new Map(pairs);
}
