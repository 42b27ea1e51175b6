/**
 * Loads an RDB into a keyspace, by Redis's rules:
 *
 *     a key past its deadline      is dropped, but for the base of a log, whose records were made with it in place
 *     a key that is there already  is damage, unless it is asked for (DEBUG RELOAD NOFLUSH)
 *     an empty collection          is passed over, with a line in the log
 *
 * A load is made, then run: `for (const _ of load.run(input)) …` pauses now and then, and the counts show how far it is.
 */
import type { BytesIn } from "../codec/bytes-in.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { EncodingLimits } from "../types/encoding-limits.ts";
import type { Value } from "../types/value.ts";
import { firstVersionWithChecksum } from "./format.ts";
import { type RdbEnd, type RdbVisitor, readRdb } from "./rdb-reader.ts";

export interface RdbLoadOptions {
  readonly limits: EncodingLimits;
  /** False: a wrong checksum is no error (`rdbchecksum no`). */
  readonly checksum: boolean;
  /** Pause after so many bytes, or 1024 keys (`loading-process-events-interval-bytes`). */
  readonly pauseBytes: number;
  readonly keepExpired: boolean;
  /** What to do with a key that is there already. */
  readonly duplicates: "refuse" | "replace";
  readonly log: LoadLog;
}

export interface LoadLog {
  debug(line: string): void;
  notice(line: string): void;
  warning(line: string): void;
}

/** So many empty keys are named in the log, the rest is counted. */
const namedEmptyKeysMax = 10;
/** Type, key and value. */
const leastKeyBytes = 3;

export class RdbLoad implements RdbVisitor {
  keysLoaded = 0;
  keysExpired = 0;
  emptyKeys = 0;
  /** Of the store that wrote the file, when it wrote it; 0 when it does not say. */
  usedMemoryBytes = 0;
  /** Libraries of functions, each its whole source. */
  readonly functions: string[] = [];
  private readonly keyspace: Keyspace;
  private readonly options: RdbLoadOptions;
  private db: Database;
  private input: BytesIn | undefined;

  constructor(keyspace: Keyspace, options: RdbLoadOptions) {
    this.keyspace = keyspace;
    this.options = options;
    this.db = keyspace.db(0);
  }

  /**
   * Reads up to the end of the RDB, where a log may go on: the cursor stands behind it.
   * @throws DamagedFile; what was loaded up to there stays
   */
  *run(input: BytesIn): Generator<undefined, RdbEnd, undefined> {
    this.input = input;
    const end = yield* readRdb(input, this, this.options);
    const { log } = this.options;
    if (end.checksum === "absent" && end.version >= firstVersionWithChecksum) {
      log.warning("RDB file was saved with checksum disabled: no check performed.");
    }
    const done = `Done loading RDB, keys loaded: ${this.keysLoaded}, keys expired: ${this.keysExpired}`;
    if (this.emptyKeys > 0) log.warning(`${done}, empty keys skipped: ${this.emptyKeys}.`);
    else log.notice(`${done}.`);
    return end;
  }

  key(key: string, value: Value, deadlineMs: number, offset: number): void {
    if (deadlineMs < this.keyspace.nowMs && !this.options.keepExpired) {
      this.keysExpired++;
      return;
    }
    const { table } = this.db;
    if (!table.slots.has(key)) {
      this.db.addLoaded(key, value, deadlineMs);
    } else if (this.options.duplicates === "replace") {
      this.db.set(key, value, deadlineMs);
    } else {
      this.fail(offset, `key '${key}' is twice in database ${this.db.index}`);
    }
    this.keysLoaded++;
  }

  emptyKey(key: string): void {
    if (this.emptyKeys++ < namedEmptyKeysMax) this.options.log.warning(`rdbLoadObject skipping empty key: ${key}`);
  }

  database(index: number, offset: number): void {
    const db = this.keyspace.databases[index];
    const { length } = this.keyspace.databases;
    if (db === undefined) this.fail(offset, `database ${index} asked for, the server is configured to have ${length}`);
    this.db = db;
  }

  sizes(keyCount: number): void {
    // A hint, not to be believed beyond what the rest of the file can hold.
    const { remaining } = this.input as BytesIn;
    this.db.table.slots.reserve(Math.min(keyCount, Math.floor(remaining / leastKeyBytes)));
  }

  function(source: string): void {
    this.functions.push(source);
  }

  aux(name: string, value: string): void {
    const { log } = this.options;
    if (name.startsWith("%")) {
      log.notice(`RDB '${name}': ${value}`);
      return;
    }
    switch (name.toLowerCase()) {
      case "redis-ver":
      case "valkey-ver":
        log.notice(`Loading RDB produced by version ${value}`);
        return;
      case "ctime":
        log.notice(`RDB age ${Math.max(0, this.keyspace.nowS - (Number.parseInt(value, 10) || 0))} seconds`);
        return;
      case "used-mem":
        this.usedMemoryBytes = Number.parseInt(value, 10) || 0;
        log.notice(`RDB memory usage when created ${(this.usedMemoryBytes / 2 ** 20).toFixed(2)} Mb`);
        return;
      case "aof-preamble":
        if (Number.parseInt(value, 10) > 0) log.notice("RDB has an AOF tail");
        return;
      case "aof-base":
        if (Number.parseInt(value, 10) > 0) log.notice("RDB is base AOF");
        return;
      case "redis-bits":
      case "repl-stream-db":
      case "repl-id":
      case "repl-offset":
      case "lua":
        return;
      default:
        log.debug(`Unrecognized RDB AUX field: '${name}'`);
    }
  }

  private fail(offset: number, expected: string): never {
    return (this.input as BytesIn).failAt(offset, expected);
  }
}
