/**
 * What a disk does wrong on purpose: which operations a fault strikes, and what it does to them.
 *
 *     { kind: "delay", name: "slow syncs", when: { on: ["fsync", "fdatasync"] }, delays: { kind: "fixed", ms: 200 } }
 *     { kind: "error", name: "torn base", when: { on: ["write"], path: "*.base.rdb", nth: { first: 3, last: 3 } }, code: "EIO" }
 *     { kind: "full", name: "full for two seconds", freeBytes: 65536, window: { fromMs: 500, toMs: 2500 } }
 *
 * A recorded volume and a simulated disk take the same faults. This file decides; whoever runs the disk does. All that is
 * left to chance comes from one seed, a stream for each fault, so one more fault changes nothing in the others.
 */
import { type Random, randomFrom } from "../random.ts";
import type { DiskOperation } from "../recording/journal.ts";
import { type Delays, drawDelayMs } from "./delays.ts";

interface Named {
  /** Unique among the faults that are armed. */
  readonly name: string;
}

/** Which operations a fault strikes: those that match all that is given. */
export interface When {
  readonly on: readonly DiskOperation[];
  /**
   * `*` and `?` stand for what they do in a shell. Without a slash it is the file's name, with one the path from the
   * volume's root. A rename or link matches by its old name or its new one.
   */
  readonly path?: string;
  /** Counted from 1 since the fault was armed, among the operations that match the rest. No `last`: all from `first` on. */
  readonly nth?: { readonly first: number; readonly last?: number };
  readonly window?: Window;
  /** Only once the store has written that often, to any file, since the fault was armed. */
  readonly afterWrites?: number;
}

/** Since the fault was armed. */
export interface Window {
  readonly fromMs: number;
  readonly toMs?: number;
}

export type ErrorCode = "EIO" | "ENOSPC" | "EROFS" | "EDQUOT" | "EMFILE" | "EACCES";

export type DiskFault = Named &
  (
    | { readonly kind: "delay"; readonly when: When; readonly delays: Delays }
    /** Nothing happens, and the store is told so. Of a sync: what it was to cover is lost to every later one (S4). */
    | { readonly kind: "error"; readonly when: When; readonly code: ErrorCode }
    /** A write takes at most `bytes`, and the disk says ENOSPC for the rest of it. */
    | { readonly kind: "short"; readonly when: When; readonly bytes: number }
    /** One bit of the file reads wrong, the same one each time, until the fault is disarmed. `on` is `read`. */
    | { readonly kind: "flip"; readonly when: When }
    /** It hangs until the fault is released or disarmed. */
    | { readonly kind: "stall"; readonly when: When }
    /** Whoever asked is killed while its request is held: `before` nothing was done, `after` all but the answer. */
    | {
        readonly kind: "kill";
        readonly when: When;
        readonly side: "before" | "after";
        readonly scope: "process" | "tree";
      }
    /** Room for so many more bytes than were there when it was armed; what is deleted makes room. Window over: healed. */
    | { readonly kind: "full"; readonly freeBytes: number; readonly window?: Window }
  );

/** All that the armed faults do to one operation. */
export interface Interference {
  readonly faults: readonly DiskFault[];
  readonly delayMs: number;
  /** Names of the faults that hold it until they are released. */
  readonly stalledBy: readonly string[];
  readonly error?: ErrorCode;
  readonly bytesMax?: number;
  readonly killBefore?: "process" | "tree";
  readonly killAfter?: "process" | "tree";
  /** The bit of this file that reads wrong: drawn at the file's first read, the same ever after. */
  readonly flip?: (inode: number, sizeBytes: number) => WrongBit;
}

export interface WrongBit {
  readonly offset: number;
  /** From 0, the lowest. */
  readonly bit: number;
}

interface Armed {
  readonly fault: DiskFault;
  readonly random: Random;
  readonly matches: (path: string) => boolean;
  readonly sinceMs: number;
  matched: number;
  writes: number;
  /** By inode. */
  readonly wrongBits: Map<number, WrongBit>;
}

export class ArmedFaults {
  readonly #armed = new Map<string, Armed>();

  /** Empty most of the time: whoever runs the disk asks this first. */
  get none(): boolean {
    return this.#armed.size === 0;
  }

  /** Whether any of them could strike such an operation. */
  concerns(operation: DiskOperation): boolean {
    return [...this.#armed.values()].some(({ fault }) => fault.kind !== "full" && fault.when.on.includes(operation));
  }

  names(): string[] {
    return [...this.#armed.keys()];
  }

  /** @throws Error when a fault of that name is armed already. */
  arm(fault: DiskFault, seed: string, nowMs: number): void {
    if (this.#armed.has(fault.name)) throw new Error(`a fault named ${fault.name} is armed already`);
    const path = fault.kind === "full" ? undefined : fault.when.path;
    this.#armed.set(fault.name, {
      fault,
      random: randomFrom(`${seed}/${fault.name}`),
      matches: path === undefined ? () => true : globMatcher(path),
      sinceMs: nowMs,
      matched: 0,
      writes: 0,
      wrongBits: new Map(),
    });
  }

  /** Returns false when none of that name is armed. */
  disarm(name: string): boolean {
    return this.#armed.delete(name);
  }

  /** Counts the operation, and says what happens to it: undefined where no fault strikes. */
  consider(operation: DiskOperation, paths: () => readonly string[], nowMs: number): Interference | undefined {
    const struck: Armed[] = [];
    for (const armed of this.#armed.values()) if (strikes(armed, operation, paths, nowMs)) struck.push(armed);
    return struck.length === 0 ? undefined : interferenceOf(struck);
  }

  /** The least room that an armed full disk leaves now, in addition to what it held when it was armed. */
  fullDisk(nowMs: number): Extract<DiskFault, { kind: "full" }> | undefined {
    const full = [...this.#armed.values()].flatMap(({ fault, sinceMs }) =>
      fault.kind === "full" && inWindow(fault.window, nowMs - sinceMs) ? [fault] : [],
    );
    return full.sort((one, other) => one.freeBytes - other.freeBytes)[0];
  }
}

function strikes(armed: Armed, operation: DiskOperation, paths: () => readonly string[], nowMs: number): boolean {
  const { fault } = armed;
  const writesBefore = operation === "write" ? armed.writes++ : armed.writes;
  if (fault.kind === "full" || !fault.when.on.includes(operation) || !paths().some(armed.matches)) return false;
  if (!inWindow(fault.when.window, nowMs - armed.sinceMs)) return false;
  if (writesBefore < (fault.when.afterWrites ?? 0)) return false;
  armed.matched++;
  const { first, last = Number.POSITIVE_INFINITY } = fault.when.nth ?? { first: 1 };
  return armed.matched >= first && armed.matched <= last;
}

function inWindow(window: Window | undefined, sinceMs: number): boolean {
  return window === undefined || (sinceMs >= window.fromMs && sinceMs < (window.toMs ?? Number.POSITIVE_INFINITY));
}

function interferenceOf(struck: readonly Armed[]): Interference {
  let delayMs = 0;
  const stalledBy: string[] = [];
  const rest: { -readonly [Key in "error" | "bytesMax" | "killBefore" | "killAfter" | "flip"]?: Interference[Key] } =
    {};
  for (const { fault, random, wrongBits } of struck) {
    if (fault.kind === "delay") delayMs += drawDelayMs(fault.delays, random);
    if (fault.kind === "stall") stalledBy.push(fault.name);
    if (fault.kind === "error") rest.error ??= fault.code;
    if (fault.kind === "short") rest.bytesMax = Math.min(fault.bytes, rest.bytesMax ?? fault.bytes);
    if (fault.kind === "kill" && fault.side === "before") rest.killBefore ??= fault.scope;
    if (fault.kind === "kill" && fault.side === "after") rest.killAfter ??= fault.scope;
    if (fault.kind === "flip") rest.flip ??= flipper(random, wrongBits);
  }
  return { faults: struck.map(({ fault }) => fault), delayMs, stalledBy, ...rest };
}

function flipper(random: Random, wrongBits: Map<number, WrongBit>): NonNullable<Interference["flip"]> {
  return (inode, sizeBytes) => {
    const known = wrongBits.get(inode);
    if (known !== undefined) return known;
    const drawn = { offset: Math.floor(random.fraction() * sizeBytes), bit: random.below(8) };
    wrongBits.set(inode, drawn);
    return drawn;
  };
}

/** `*` does not cross a slash, in a pattern that has one. */
export function globMatcher(pattern: string): (path: string) => boolean {
  const whole = pattern.includes("/");
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  const expression = new RegExp(`^${source}$`);
  return (path) => expression.test(whole ? path : path.slice(path.lastIndexOf("/") + 1));
}
