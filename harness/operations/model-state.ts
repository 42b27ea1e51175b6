/**
 * A model while it is being computed: one request after the other changes it in place. Two ways of going on from here
 * are two states, made by `fork`; they share every value until one of them changes it.
 *
 * It knows nothing of time: whether a key has expired is decided by whoever steps it (O4).
 */
import type { Bytes } from "../recording/history.ts";
import type { Model, ModelEntry, TypeName } from "./model.ts";
import { CommandRefused } from "./operation.ts";
import { StreamValue } from "./stream-value.ts";
import { HashValue, ListValue, SetValue, SortedSetValue, type StringValue, type Value, valueFrom } from "./values.ts";

/** When a key expires. Known exactly when a client named the moment, within a span when it named a length of time. */
export interface Deadline {
  readonly earliestMs: number;
  readonly latestMs: number;
}

export interface Entry {
  readonly value: Value;
  readonly deadline?: Deadline;
}

/** Who may change a value in place: the state that holds the same token. */
type Token = object;

interface OwnedEntry extends Entry {
  readonly token: Token;
}

interface ValueOf {
  string: StringValue;
  list: ListValue;
  hash: HashValue;
  set: SetValue;
  zset: SortedSetValue;
  stream: StreamValue;
}

type CollectionName = Exclude<TypeName, "string">;

const emptyCollections: { readonly [Name in CollectionName]: () => ValueOf[Name] } = {
  list: () => new ListValue(),
  hash: () => new HashValue(),
  set: () => new SetValue(),
  zset: () => new SortedSetValue(),
  stream: () => new StreamValue(),
};

/** Made once, because histories are full of it and a stack trace costs more than the rest of a step. */
const wrongType = new CommandRefused("WRONGTYPE Operation against a key holding the wrong kind of value");

/** Told of every key that may have changed, before or after it does. */
export type Touched = (database: number, key: Bytes) => void;

export class ModelState {
  /** The database that the connection has selected. */
  database = 0;
  private readonly databases: Map<Bytes, OwnedEntry>[];
  private token: Token = {};
  private readonly touched: Touched;
  private earliestDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(initial: Model, touched: Touched) {
    this.touched = touched;
    this.databases = [];
    for (const [database, keys] of initial) {
      for (const [key, { value, deadlineMs }] of keys) {
        this.keysOf(database).set(key, {
          value: valueFrom(value),
          ...(deadlineMs !== undefined && { deadline: { earliestMs: deadlineMs, latestMs: deadlineMs } }),
          token: this.token,
        });
        this.noteDeadline(deadlineMs);
      }
    }
  }

  /** Another way of going on from here, with a listener of its own. */
  fork(touched: Touched): ModelState {
    const twin = new ModelState(new Map(), touched);
    twin.database = this.database;
    twin.earliestDeadlineMs = this.earliestDeadlineMs;
    for (const keys of this.databases) twin.databases.push(new Map(keys));
    // From now on neither may change a value that both hold.
    this.token = {};
    return twin;
  }

  // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

  entry(key: Bytes, database: number = this.database): Entry | undefined {
    return this.databases[database]?.get(key);
  }

  /** Databases that hold something under this name. */
  databaseNumbers(key: Bytes): number[] {
    return [...this.databases.keys()].filter((database) => this.databases[database]?.has(key));
  }

  has(key: Bytes): boolean {
    return this.entry(key) !== undefined;
  }

  /** @throws CommandRefused when the key holds another type. */
  read<Name extends TypeName>(key: Bytes, type: Name): ValueOf[Name] | undefined {
    const value = this.entry(key)?.value;
    if (value === undefined) return undefined;
    if (value.type !== type) {
      throw wrongType;
    }
    return value as ValueOf[Name];
  }

  /** Whether any key can have expired by then: false for nearly all histories, and then nobody needs to look closer. */
  mayHoldExpired(atMs: number): boolean {
    return this.earliestDeadlineMs <= atMs;
  }

  *keys(): IterableIterator<readonly [database: number, key: Bytes, entry: Entry]> {
    for (const [database, keys] of this.databases.entries()) {
      for (const [key, entry] of keys) yield [database, key, entry];
    }
  }

  // ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Replaces whatever the key held, its deadline too. The value becomes this state's own. */
  put(key: Bytes, value: Value, deadline?: Deadline, database: number = this.database): void {
    this.touched(database, key);
    this.noteDeadline(deadline?.earliestMs);
    this.keysOf(database).set(key, { value, ...(deadline !== undefined && { deadline }), token: this.token });
  }

  /** Changes a collection in place; makes it when it is missing, and removes it when nothing is left of it. */
  change<Name extends CollectionName>(key: Bytes, type: Name, how: (value: ValueOf[Name]) => void): void {
    const before = this.databases[this.database]?.get(key);
    let value: ValueOf[Name];
    if (before === undefined) {
      value = emptyCollections[type]();
      this.put(key, value);
    } else {
      value = (before.token === this.token ? before.value : before.value.copy()) as ValueOf[Name];
      if (before.token === this.token) this.touched(this.database, key);
      else this.put(key, value, before.deadline);
    }
    how(value);
    if (value.size === 0) this.remove(key);
  }

  remove(key: Bytes, database: number = this.database): void {
    if (this.databases[database]?.delete(key) === true) this.touched(database, key);
  }

  /** Value and deadline get another name, and replace what it had. */
  relocate(from: Bytes, to: Bytes, target: number = this.database): void {
    const entry = this.databases[this.database]?.get(from);
    if (entry === undefined || (from === to && target === this.database)) return;
    this.remove(from);
    this.touched(target, to);
    this.keysOf(target).set(to, entry);
  }

  duplicate(from: Bytes, to: Bytes, target: number = this.database): void {
    const entry = this.databases[this.database]?.get(from);
    if (entry !== undefined) this.put(to, entry.value.copy(), entry.deadline, target);
  }

  setDeadline(key: Bytes, deadline: Deadline | undefined): void {
    const before = this.databases[this.database]?.get(key);
    if (before === undefined) return;
    this.touched(this.database, key);
    this.noteDeadline(deadline?.earliestMs);
    const { value, token } = before;
    this.keysOf(this.database).set(key, { value, ...(deadline !== undefined && { deadline }), token });
  }

  clear(database: number): void {
    const keys = this.databases[database];
    if (keys === undefined) return;
    for (const key of keys.keys()) this.touched(database, key);
    keys.clear();
  }

  clearAll(): void {
    for (const database of this.databases.keys()) this.clear(database);
  }

  swap(one: number, other: number): void {
    const [keysOfOne, keysOfOther] = [this.keysOf(one), this.keysOf(other)];
    for (const key of new Set([...keysOfOne.keys(), ...keysOfOther.keys()])) {
      this.touched(one, key);
      this.touched(other, key);
    }
    this.databases[one] = keysOfOther;
    this.databases[other] = keysOfOne;
  }

  /** A pure value; deadlines that are known within a span are given by its end. */
  plain(): Model {
    const model = new Map<number, Map<Bytes, ModelEntry>>();
    for (const [database, key, entry] of this.keys()) {
      const keys = model.get(database) ?? new Map<Bytes, ModelEntry>();
      model.set(database, keys.set(key, plainEntry(entry)));
    }
    return model;
  }

  plainEntry(key: Bytes, database: number): ModelEntry | undefined {
    const entry = this.entry(key, database);
    return entry === undefined ? undefined : plainEntry(entry);
  }

  private noteDeadline(ms: number | undefined): void {
    if (ms !== undefined && ms < this.earliestDeadlineMs) this.earliestDeadlineMs = ms;
  }

  private keysOf(database: number): Map<Bytes, OwnedEntry> {
    while (this.databases.length <= database) this.databases.push(new Map());
    return this.databases[database] as Map<Bytes, OwnedEntry>;
  }
}

function plainEntry({ value, deadline }: Entry): ModelEntry {
  return { value: value.plain(), ...(deadline !== undefined && { deadlineMs: deadline.latestMs }) };
}
