/**
 * The run-time guard: while a simulated world runs, code of the server that reaches for anything real is stopped, with the
 * place. A seed that is not the only source of what happens brings nothing back.
 *
 *     Date.now()  ─▶ guard ─▶ does anything simulated run just now?  ─▶ is code of the server asking?  ─▶ TouchedReality
 *                                 no └──▶ as ever                        no └──▶ as ever (it is the harness)
 *
 * A lint rule keeps such calls out of the server's source. This also sees what a library does for it, and what is reached
 * by a name that no rule knows. It is put in place by the first simulated run, and lets everything through between runs.
 */
import childProcess from "node:child_process";
import crypto from "node:crypto";
import dns from "node:dns";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { performance } from "node:perf_hooks";
import timers from "node:timers";
import { fileURLToPath } from "node:url";

/** What a server in a simulated world must not ask for, and where it did. */
export class TouchedReality extends Error {
  override readonly name = "TouchedReality";
  /** `Date.now` */
  readonly what: string;

  constructor(what: string, place: string) {
    super(`${what} is real, and code of the server asked for it in a simulated world: ${place}`);
    this.what = what;
  }
}

const serverFolder = fileURLToPath(new URL("../../server/", import.meta.url));
const framesMax = 60;

let isInPlace = false;
let running = 0;
let touched: TouchedReality | undefined;

/** @throws TouchedReality also where the server has caught what the guard threw at it */
export async function guarded<T>(run: () => Promise<T>): Promise<T> {
  putInPlace();
  running++;
  try {
    return await run();
  } finally {
    running--;
    const first = touched;
    touched = undefined;
    // What was recorded meanwhile is worth nothing, whatever became of the run.
    // biome-ignore lint/correctness/noUnsafeFinally: the touch explains any other trouble.
    if (first !== undefined) throw first;
  }
}

type Callable = (...args: never[]) => unknown;

function putInPlace(): void {
  if (isInPlace) return;
  isInPlace = true;
  guard(globalThis, "", ["Date", "setTimeout", "setInterval", "setImmediate"]);
  guard(timers, "timers.", ["setTimeout", "setInterval", "setImmediate"]);
  guard(Math, "Math.", ["random"]);
  guard(performance, "performance.", ["now"]);
  guard(process, "process.", ["hrtime", "cpuUsage", "memoryUsage", "uptime"]);
  guard(fs, "fs.", functionsOf(fs));
  guard(fs.promises, "fs.promises.", functionsOf(fs.promises));
  guard(childProcess, "child_process.", functionsOf(childProcess));
  guard(net, "net.", ["connect", "createConnection", "createServer"]);
  guard(dns, "dns.", ["lookup", "resolve"]);
  guard(crypto, "crypto.", ["randomBytes", "randomInt", "randomUUID", "randomFillSync"]);
  guard(globalThis.crypto, "crypto.", ["getRandomValues", "randomUUID"]);
  syncBuiltinESMExports();
}

/** Those that do something; classes are only names. */
function functionsOf(module: object): string[] {
  return Object.entries(module).flatMap(([name, value]) =>
    typeof value === "function" && /^[a-z]/.test(name) ? [name] : [],
  );
}

function guard(owner: object, prefix: string, names: readonly string[]): void {
  const properties = owner as Record<string, Callable>;
  for (const name of names) {
    const original = properties[name];
    if (typeof original !== "function") continue;
    properties[name] = new Proxy(original, {
      apply: (target, self, args) => {
        refuseServer(`${prefix}${name}`);
        return Reflect.apply(target, self, args);
      },
      construct: (target, args, newTarget) => {
        // A date of a moment that is given is arithmetic.
        if (args.length === 0) refuseServer(`new ${prefix}${name}`);
        return Reflect.construct(target, args, newTarget);
      },
      get: (target, key, receiver) => {
        const value = Reflect.get(target, key, receiver) as unknown;
        return typeof value === "function" && innerClocks.has(`${name}.${String(key)}`)
          ? clockOf(value as Callable, `${name}.${String(key)}`)
          : value;
      },
    });
  }
}

/** Clocks that are properties of what is guarded. */
const innerClocks = new Set(["Date.now", "hrtime.bigint"]);
const innerGuards = new Map<string, Callable>();

function clockOf(original: Callable, name: string): Callable {
  const known = innerGuards.get(name);
  if (known !== undefined) return known;
  const guarding = new Proxy(original, {
    apply: (target, self, args) => {
      refuseServer(name);
      return Reflect.apply(target, self, args);
    },
  });
  innerGuards.set(name, guarding);
  return guarding;
}

/** @throws TouchedReality when something simulated runs, and code of the server is among those who ask */
function refuseServer(what: string): void {
  if (running === 0) return;
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = framesMax;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = before;
  const frame = stack.split("\n").find((line) => line.includes(serverFolder));
  if (frame === undefined) return;
  touched ??= new TouchedReality(what, frame.trim().replace(serverFolder, "server/"));
  throw touched;
}
