/**
 * DEBUG DIGEST: forty hexadecimal digits that are equal when, and practically only when, two servers hold the same. It
 * is Redis's own digest, so that one command compares this store with a redis-server.
 *
 *     xor(digest, data)     digest ⊕ SHA1(data)            order does not matter: members, fields, keys
 *     mix(digest, data)     SHA1(digest ⊕ SHA1(data))      order matters: elements of a list, field and value
 */
import { formatDouble } from "./codec/doubles.ts";
import { sha1 } from "./codec/sha1.ts";
import type { Database } from "./keyspace/database.ts";
import type { Keyspace } from "./keyspace/keyspace.ts";
import { NEVER } from "./keyspace/slot-table.ts";
import { HashValue } from "./types/hash.ts";
import { ListValue } from "./types/list.ts";
import { SetValue } from "./types/set.ts";
import { SortedSetValue } from "./types/sorted-set.ts";
import { StreamValue } from "./types/stream.ts";
import { idMax, idMin, msOf, seqOf } from "./types/stream-id.ts";
import { typeOf, type Value } from "./types/value.ts";

class Digest {
  private bytes = new Uint8Array(20);

  xor(data: string | Digest): this {
    const hash = sha1(typeof data === "string" ? Buffer.from(data, "latin1") : data.bytes);
    this.bytes = this.bytes.map((byte, index) => byte ^ (hash[index] as number));
    return this;
  }

  mix(data: string | Digest): this {
    this.xor(data);
    this.bytes = Uint8Array.from(sha1(this.bytes));
    return this;
  }

  toString(): string {
    return Buffer.from(this.bytes).toString("hex");
  }
}

/** Redis numbers its types so. */
const typeNumbers = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const;

/** Of all databases; forty zeros when they are empty. */
export function digestOfDataset(keyspace: Keyspace): string {
  const digest = new Digest();
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    digest.mix(bigEndian(db.index));
    for (const key of db.keys()) digest.xor(addValue(new Digest().mix(key), db, key));
  }
  return digest.toString();
}

/** Of one value and whether it expires; forty zeros when there is no such key. */
export function digestOfValue(db: Database, key: string): string {
  const digest = new Digest();
  return (db.table.slots.has(key) ? addValue(digest, db, key) : digest).toString();
}

function addValue(digest: Digest, { table }: Database, key: string): Digest {
  // Also a key past its deadline counts, as long as nobody met it.
  const slot = table.slots.get(key) as number;
  const value = table.values[slot] as Value;
  digest.mix(bigEndian(typeNumbers[typeOf(value)]));
  if (typeof value !== "object") digest.mix(String(value));
  else if (value instanceof ListValue) for (const element of value.elements()) digest.mix(element);
  else if (value instanceof SetValue) for (const member of value.members()) digest.xor(member);
  else if (value instanceof HashValue) {
    for (const [field, text, deadlineMs] of value.items()) {
      const entry = new Digest().mix(field).mix(text);
      digest.xor(deadlineMs === undefined ? entry : entry.xor("!!hexpire!!"));
    }
  } else if (value instanceof SortedSetValue) {
    value.visit(0, value.size, (score, member) => {
      digest.xor(new Digest().mix(member).mix(formatDouble(score)));
    });
  } else if (value instanceof StreamValue) {
    for (const { id, fields, values } of value.range(idMin, idMax)) {
      digest.mix(`${msOf(id)}.${seqOf(id)}`);
      fields.forEach((field, index) => {
        digest.mix(field).mix(values[index] as string);
      });
    }
  }
  if (table.deadlines.at(slot) !== NEVER) digest.xor("!!expire!!");
  return digest;
}

function bigEndian(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("latin1");
}
