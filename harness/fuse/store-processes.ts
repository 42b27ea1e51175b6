/**
 * The processes of a mount namespace, as the kernel knows them, children and orphans too; and how they are ended.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

const sigkill = 1 << (9 - 1);

/** Names the mount namespace of a process of this kernel; undefined when it is gone. */
export function mountNamespaceOf(pid: number | "self"): string | undefined {
  return orGone(() => readlinkSync(`/proc/${pid}/ns/mnt`));
}

/**
 * A mount namespace whose name stays its own until it is closed. The kernel gives the number of one that is gone to the
 * next one that is made: whoever ended all that live in a namespace he only knows by name once killed the volume that
 * another run had just begun.
 */
export class HeldNamespace {
  readonly name: string;
  readonly #fd: number;

  private constructor(name: string, fd: number) {
    this.name = name;
    this.#fd = fd;
  }

  /** Undefined when the process is gone. */
  static of(pid: number): HeldNamespace | undefined {
    const fd = orGone(() => openSync(`/proc/${pid}/ns/mnt`, "r"));
    return fd === undefined ? undefined : new HeldNamespace(readlinkSync(`/proc/self/fd/${fd}`), fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Every process that lives in that namespace; when this one does too, without it and its children. */
export function processesOf(namespace: string): number[] {
  const isOurs = (pid: number): boolean => pid === process.pid || statusOf(pid)?.parent === process.pid;
  const inside = namespace === mountNamespaceOf("self");
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && mountNamespaceOf(pid) === namespace)
    .filter((pid) => !isDead(pid) && !(inside && isOurs(pid)));
}

/**
 * SIGKILL to the process of a thread, and to those that are to die with it, that one first.
 * Returns the threads that will never run another line of their program.
 */
export function killWhoAsked(tid: number, besides: (pid: number) => readonly number[]): Set<number> {
  const asker = statusOf(tid)?.process;
  const doomed = new Set<number>();
  for (const pid of [...(asker === undefined ? [] : [asker]), ...besides(asker ?? 0)]) {
    for (const thread of orGone(() => readdirSync(`/proc/${pid}/task`)) ?? []) doomed.add(Number(thread));
    killAll([pid]);
  }
  return doomed;
}

export function isDead(tid: number): boolean {
  const status = statusOf(tid);
  return status === undefined || status.state === "Z" || status.state === "X";
}

/** True when a SIGKILL waits for the thread, so that it will never hear what it is told. Also when it is dead. */
export function isDying(tid: number): boolean {
  return isDead(tid) || ((statusOf(tid)?.pendingSignals ?? 0) & sigkill) !== 0;
}

/** SIGKILL. One that is gone already is no error. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

interface ThreadStatus {
  readonly state: string;
  /** The pid as the harness knows it: of the whole process. */
  readonly process: number;
  readonly parent: number;
  /** The low 32 signals, the thread's own and the process's. */
  readonly pendingSignals: number;
}

function statusOf(tid: number): ThreadStatus | undefined {
  const text = orGone(() => readFileSync(`/proc/${tid}/status`, "latin1"));
  if (text === undefined) return undefined;
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(text)?.[1] ?? "";
  const signals = (name: string): number => Number.parseInt(field(name).slice(-8), 16);
  return {
    state: field("State"),
    process: Number(field("Tgid")),
    parent: Number(field("PPid")),
    pendingSignals: signals("SigPnd") | signals("ShdPnd"),
  };
}

function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code)) return undefined;
    throw error;
  }
}
