/** HyperLogLogs: PFADD, PFCOUNT, PFMERGE, and PFDEBUG and PFSELFTEST for whoever tests them. */
import type { Database } from "../keyspace/database.ts";
import { OK, type Reply, ReplyError, SimpleString } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { CorruptedSketch, countOf, HyperLogLog, registerCount } from "../types/hyperloglog.ts";
import type { StringValue } from "../types/value.ts";
import { ALL_KEYS, type Args, type Command, ONE_KEY } from "./command.ts";
import { readString, stringForWrite } from "./strings.ts";

const group = "hyperloglog";
const notASketch = new ReplyError("WRONGTYPE Key is not a valid HyperLogLog string value.");
const corrupted = new ReplyError("INVALIDOBJ Corrupted HLL object detected");

function parsed(value: StringValue | undefined): HyperLogLog | undefined {
  if (value === undefined) return undefined;
  const sketch = HyperLogLog.parse(String(value));
  if (sketch === undefined) throw notASketch;
  return sketch;
}

function store(db: Database, key: string, sketch: HyperLogLog): void {
  db.setChangedString(key, sketch.text);
}

/** Answers for registers that do not add up. */
function guarded(run: Command["run"]): Command["run"] {
  return (args, session) => {
    try {
      return run(args, session);
    } catch (error) {
      if (error instanceof CorruptedSketch) throw corrupted;
      throw error;
    }
  };
}

function sparseBytesMax({ server }: Session): number {
  return server.config.get("hll-sparse-max-bytes");
}

function add(args: Args, session: Session): Reply {
  const { db } = session;
  const key = args[1] as string;
  const known = parsed(stringForWrite(db, key));
  const sketch = known ?? HyperLogLog.empty();
  let changes = known === undefined ? 1 : 0;
  for (const element of args.slice(2)) if (sketch.add(element, sparseBytesMax(session))) changes++;
  if (changes === 0) return 0;
  sketch.forgetCount();
  store(db, key, sketch);
  db.changed(key, "pfadd", changes);
  return 1;
}

function count(args: Args, { db }: Session): Reply {
  const [, key = "", ...others] = args;
  if (others.length > 0) return countOf(union(db, args.slice(1)).registers);
  const sketch = parsed(readString(db, key));
  if (sketch === undefined) return 0;
  if (sketch.keptCount !== undefined) return sketch.keptCount;
  const worked = sketch.count();
  // The count is kept in the value: a reading command that changes it, and is logged therefore.
  store(db, key, sketch);
  db.changed(key, "pfcount");
  return worked;
}

/** The greatest value of every register, and whether one of them is dense. */
function union(db: Database, keys: readonly string[]): { registers: Uint8Array; anyDense: boolean } {
  const registers = new Uint8Array(registerCount);
  let anyDense = false;
  for (const key of keys) {
    const sketch = parsed(readString(db, key));
    if (sketch === undefined) continue;
    anyDense ||= sketch.isDense;
    const own = sketch.registers();
    for (let index = 0; index < registerCount; index++) {
      if ((own[index] as number) > (registers[index] as number)) registers[index] = own[index] as number;
    }
  }
  return { registers, anyDense };
}

function merge(args: Args, session: Session): Reply {
  const { db } = session;
  const key = args[1] as string;
  const { registers, anyDense } = union(db, args.slice(1));
  const target = parsed(stringForWrite(db, key)) ?? HyperLogLog.empty();
  if (anyDense) target.toDense();
  for (let index = 0; index < registerCount; index++) {
    const value = registers[index] as number;
    if (value > 0) target.raise(index, value, sparseBytesMax(session));
  }
  target.forgetCount();
  store(db, key, target);
  db.changed(key, "pfadd");
  return OK;
}

function debug(args: Args, { db }: Session): Reply {
  const [, word = "", key = ""] = args;
  const sketch = parsed(stringForWrite(db, key));
  if (sketch === undefined) throw new ReplyError("ERR The specified key does not exist");
  const makeDense = (): boolean => {
    if (sketch.isDense) return false;
    sketch.toDense();
    store(db, key, sketch);
    db.changed(key, "pfdebug");
    return true;
  };
  switch (word.toUpperCase()) {
    case "GETREG":
      makeDense();
      return [...sketch.registers()];
    case "DECODE":
      if (sketch.isDense) throw new ReplyError("ERR HLL encoding is not sparse");
      return [...sketch.runs()]
        .map(({ value, length, bytes }) =>
          value > 0 ? `v:${value},${length}` : `${bytes === 2 ? "Z" : "z"}:${length}`,
        )
        .join(" ");
    case "ENCODING":
      return new SimpleString(sketch.isDense ? "dense" : "sparse");
    case "TODENSE":
      return makeDense() ? 1 : 0;
    default:
      throw new ReplyError(`ERR Unknown PFDEBUG subcommand '${word}'`);
  }
}

/** So many elements are added, a tenth of a second's work, and the error is looked at whenever there are ten times more. */
const selfTestElements = 100_000;

function selfTest(_args: Args, session: Session): Reply {
  const dense = HyperLogLog.empty();
  dense.toDense();
  const either = HyperLogLog.empty();
  let checkpoint = 1;
  for (let element = 1; element <= selfTestElements; element++) {
    dense.add(String(element), 0);
    either.add(String(element), sparseBytesMax(session));
    if (element < checkpoint) continue;
    if (countOf(dense.registers()) !== countOf(either.registers())) {
      throw new ReplyError("ERR TESTFAILED dense/sparse disagree");
    }
    const error = Math.abs(checkpoint - countOf(dense.registers()));
    // Six times the standard error.
    if (error > Math.ceil((1.04 / Math.sqrt(registerCount)) * 6 * checkpoint)) {
      throw new ReplyError(`ERR TESTFAILED Too big error. card:${checkpoint} abserr:${error}`);
    }
    checkpoint *= 10;
  }
  return OK;
}

export const sketchCommands: readonly Command[] = [
  { name: "pfadd", arity: -2, flags: new Set(["write", "denyoom", "fast"]), keys: ONE_KEY, group, run: guarded(add) },
  {
    name: "pfcount",
    arity: -2,
    flags: new Set(["readonly", "may_replicate"]),
    keys: ALL_KEYS,
    group,
    run: guarded(count),
  },
  { name: "pfmerge", arity: -2, flags: new Set(["write", "denyoom"]), keys: ALL_KEYS, group, run: guarded(merge) },
  {
    name: "pfdebug",
    arity: 3,
    flags: new Set(["write", "denyoom", "admin"]),
    keys: { first: 2, last: 2, step: 1 },
    group,
    run: guarded(debug),
  },
  { name: "pfselftest", arity: 1, flags: new Set(["admin"]), group, run: selfTest },
];
