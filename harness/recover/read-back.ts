/**
 * Reads a whole store back: all databases, all types, all deadlines, and keys that nobody wrote too (O3).
 *
 *     SELECT d, DBSIZE ─▶ how many keys each database has
 *     SCAN             ─▶ all of them? else the scan missed some, and nothing can be said
 *     INFO keyspace    ─▶ in which of them no key has a deadline
 *     MGET, PEXPIRETIME ─▶ every string; of the others TYPE ─▶ LRANGE │ HGETALL │ SMEMBERS │ ZRANGE │ streams: read-stream.ts
 *     HPEXPIRETIME      ─▶ of the fields of hashes, where the store knows it
 *
 * Only commands that change nothing, not even how a key would be evicted next in any way that is saved. Requests leave
 * in batches: the time goes into round trips otherwise.
 */
import type { Model, ModelEntry, ModelValue } from "../operations/model.ts";
import { plainString } from "../operations/sketch.ts";
import type { Bytes, Reply, Request } from "../recording/history.ts";
import { readInfo } from "../targets/identity.ts";
import type { RespClient } from "../targets/target.ts";
import { readStream } from "./read-stream.ts";
import { CannotReadBack, integerOf, itemsOf, pairsOf, textOf } from "./reply-parts.ts";

export interface ReadBack {
  readonly state: Model;
  /** When reading had ended. */
  readonly readAtWallMs: number;
  /** How exact the deadlines are: 0 from PEXPIRETIME, the length of the read from PTTL. */
  readonly deadlineErrorMs: number;
}

export { CannotReadBack };

const databasesDefault = 16;
/** What INFO says of a database without a deadline: its keys need not be asked one by one, which is most of the time of a large one. */
const noneExpires = /(?:^|,)expires=0(?:,|$)/;
const keysInABatch = 500;

/**
 * @param wallMs the time by which the store's keys expire, in milliseconds since 1970.
 * @throws CannotReadBack; whatever the connection throws when the store dies under the reading.
 */
export async function readBack(client: RespClient, wallMs: () => number = Date.now): Promise<ReadBack> {
  const startedMs = wallMs();
  const state = new Map<number, ReadonlyMap<Bytes, ModelEntry>>();
  const deadlines = new Deadlines(wallMs);
  const databases = await countDatabases(client);
  const found = await scanAll(client, databases);
  const keyspace = found.size > 0 ? await readInfo(client, "keyspace") : new Map<string, string>();
  for (const [database, names] of found) {
    expectOk(await client.send(select(database)));
    deadlines.anyHere = !noneExpires.test(keyspace.get(`db${database}`) ?? "");
    const keys = new Map<Bytes, ModelEntry>();
    for (let index = 0; index < names.length; index += keysInABatch) {
      await readKeys(client, names.slice(index, index + keysInABatch), deadlines, keys);
    }
    if (keys.size > 0) state.set(database, keys);
  }
  const readAtWallMs = wallMs();
  return { state, readAtWallMs, deadlineErrorMs: deadlines.areExact ? 0 : readAtWallMs - startedMs + 1 };
}

async function countDatabases(client: RespClient): Promise<number> {
  const reply = await client.send(["CONFIG", "GET", "databases"]);
  const count = reply.kind === "array" ? Number(textOf(reply.items[1])) : Number.NaN;
  return Number.isInteger(count) && count > 0 ? count : databasesDefault;
}

/** The keys of each database that has any. */
async function scanAll(client: RespClient, databases: number): Promise<Map<number, Bytes[]>> {
  const found = new Map<number, Bytes[]>();
  const asked = [...Array(databases).keys()].flatMap((database): Request[] => [select(database), ["DBSIZE"]]);
  const replies = await sendTogether(client, asked);
  for (let database = 0; database < databases; database++) {
    expectOk(replies[database * 2]);
    const size = integerOf(replies[database * 2 + 1]);
    if (size > 0) found.set(database, await scan(client, database, size));
  }
  return found;
}

function select(database: number): Request {
  return ["SELECT", String(database)];
}

async function scan(client: RespClient, database: number, size: number): Promise<Bytes[]> {
  const names = new Set<Bytes>();
  const scanFrom = (cursor: Bytes): Request => ["SCAN", cursor, "COUNT", String(keysInABatch)];
  const [selected, first] = await sendTogether(client, [select(database), scanFrom("0")]);
  expectOk(selected);
  let reply = first;
  for (;;) {
    const [cursor, page] = itemsOf(reply);
    for (const name of itemsOf(page)) names.add(textOf(name));
    if (textOf(cursor) === "0") break;
    reply = await client.send(scanFrom(textOf(cursor)));
  }
  if (names.size < size) await explainMissing(client, database, names.size);
  return [...names];
}

/** Keys that expired meanwhile are counted before the scan and gone after it; any other difference is a missed key. */
async function explainMissing(client: RespClient, database: number, scanned: number): Promise<void> {
  expectOk(await client.send(select(database)));
  const sizeNow = integerOf(await client.send(["DBSIZE"]));
  if (sizeNow > scanned) {
    throw new CannotReadBack(`database ${database} has ${sizeNow} keys, and SCAN showed ${scanned} of them`);
  }
}

async function readKeys(
  client: RespClient,
  names: readonly Bytes[],
  deadlines: Deadlines,
  into: Map<Bytes, ModelEntry>,
): Promise<void> {
  // The value last: a key that expires in between has none, and is gone.
  const asked = deadlines.anyHere ? names.map((name) => deadlines.request(name)) : [];
  const facts = await sendTogether(client, [...asked, ["MGET", ...names]]);
  if (asked.length > 0 && facts[0]?.kind === "error") {
    deadlines.areExact = false;
    return readKeys(client, names, deadlines, into);
  }
  const values = await readValues(client, names, facts.at(-1));
  await readFieldDeadlines(client, values, deadlines);
  for (const [index, name] of names.entries()) {
    const value = values.get(name);
    if (value === undefined) continue;
    const deadlineMs = deadlines.anyHere ? deadlines.of(facts[index]) : undefined;
    into.set(name, { value, ...(deadlineMs !== undefined && { deadlineMs }) });
  }
}

/** @param strings what MGET said of them: nothing, where a key is no string, is gone, or the store does not know MGET. */
async function readValues(
  client: RespClient,
  names: readonly Bytes[],
  strings: Reply | undefined,
): Promise<Map<Bytes, ModelValue | undefined>> {
  const told = strings?.kind === "array" ? strings.items : [];
  const values = new Map<Bytes, ModelValue | undefined>();
  const others: Bytes[] = [];
  for (const [index, name] of names.entries()) {
    const reply = told[index];
    if (reply?.kind === "string") values.set(name, { type: "string", value: plainString(reply.value) });
    else others.push(name);
  }
  if (others.length === 0) return values;
  const types = (
    await sendTogether(
      client,
      others.map((name) => ["TYPE", name]),
    )
  ).map(textOf);
  const typed = others.map((name, index) => ({ name, type: types[index] as string }));
  const inOneReply = typed.filter(({ type }) => type !== "none" && type !== "stream");
  const replies = await sendTogether(
    client,
    inOneReply.map(({ name, type }) => readerOf(type, name).request(name)),
  );
  // Without a value: expired between the two questions, for a key without elements does not exist.
  for (const [index, { name, type }] of inOneReply.entries())
    values.set(name, readerOf(type, name).value(replies[index]));
  for (const { name, type } of typed) if (type === "stream") values.set(name, await readStream(client, name));
  return values;
}

/** Adds them to the hashes among the values. */
async function readFieldDeadlines(
  client: RespClient,
  values: Map<Bytes, ModelValue | undefined>,
  deadlines: Deadlines,
): Promise<void> {
  const hashes = [...values].flatMap(([name, value]) => (value?.type === "hash" ? [{ name, hash: value }] : []));
  if (hashes.length === 0 || !deadlines.fieldsMayHave) return;
  const replies = await sendTogether(
    client,
    hashes.map(({ name, hash: { fields } }) => ["HPEXPIRETIME", name, "FIELDS", String(fields.size), ...fields.keys()]),
  );
  for (const [index, { name, hash }] of hashes.entries()) {
    const reply = replies[index];
    if (reply?.kind === "error") {
      deadlines.fieldsMayHave = false;
      return;
    }
    const moments = itemsOf(reply).map(integerOf);
    const own = [...hash.fields.keys()].flatMap((field, at): [Bytes, number][] => {
      const ms = moments[at] ?? -1;
      return ms < 0 ? [] : [[field, ms]];
    });
    if (own.length > 0) values.set(name, { ...hash, deadlines: new Map(own) });
  }
}

/** PEXPIRETIME tells the deadline itself and came with 7.0; before it, PTTL tells how far away it is. */
class Deadlines {
  areExact = true;
  /** False where the store says that no key of the database has one. */
  anyHere = true;
  /** Until a store answers that it does not know the question. */
  fieldsMayHave = true;
  private readonly wallMs: () => number;

  constructor(wallMs: () => number) {
    this.wallMs = wallMs;
  }

  request(name: Bytes): Request {
    return [this.areExact ? "PEXPIRETIME" : "PTTL", name];
  }

  of(reply: Reply | undefined): number | undefined {
    const ms = integerOf(reply);
    if (ms < 0) return undefined;
    return this.areExact ? ms : this.wallMs() + ms;
  }
}

interface TypeReader {
  request(name: Bytes): Request;
  /** Undefined when the key is gone. */
  value(reply: Reply | undefined): ModelValue | undefined;
}

const readers: Readonly<Record<string, TypeReader>> = {
  string: {
    request: (name) => ["GET", name],
    value: (reply) => (reply?.kind === "nil" ? undefined : { type: "string", value: plainString(textOf(reply)) }),
  },
  list: {
    request: (name) => ["LRANGE", name, "0", "-1"],
    value: (reply) => ifAny(itemsOf(reply), (items) => ({ type: "list", items: items.map(textOf) })),
  },
  hash: {
    request: (name) => ["HGETALL", name],
    value: (reply) => ifAny(itemsOf(reply), (items) => ({ type: "hash", fields: new Map(pairs(items)) })),
  },
  set: {
    request: (name) => ["SMEMBERS", name],
    value: (reply) => ifAny(itemsOf(reply), (items) => ({ type: "set", members: new Set(items.map(textOf)) })),
  },
  zset: {
    request: (name) => ["ZRANGE", name, "0", "-1", "WITHSCORES"],
    value: (reply) =>
      ifAny(itemsOf(reply), (items) => ({
        type: "zset",
        scores: new Map(pairs(items).map(([member, score]) => [member, scoreOf(score)])),
      })),
  },
};

function readerOf(type: string, name: Bytes): TypeReader {
  const reader = readers[type];
  if (reader === undefined) throw new CannotReadBack(`the key ${JSON.stringify(name)} is a ${type}`);
  return reader;
}

function ifAny(items: readonly Reply[], make: (items: readonly Reply[]) => ModelValue): ModelValue | undefined {
  return items.length === 0 ? undefined : make(items);
}

function pairs(items: readonly Reply[]): [Bytes, Bytes][] {
  return pairsOf(items).map(([one, other]) => [textOf(one), textOf(other)]);
}

function scoreOf(text: Bytes): number {
  const infinite = /^(-?)inf(inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

function sendTogether(client: RespClient, requests: readonly Request[]): Promise<Reply[]> {
  return client.together(() => Promise.all(requests.map((request) => client.send(request))));
}

function expectOk(reply: Reply | undefined): void {
  if (reply?.kind === "error") throw new CannotReadBack(reply.message);
}
