/**
 * Who runs on this machine: what the harness must know before it kills anything.
 *
 * A pid alone names nobody: once its process is gone the number is given to another. Pid and start time together name
 * one process for as long as the machine is up, so that is what is written down and what is checked before a signal.
 * A zombie counts as gone: it holds no file and writes nothing.
 *
 * Read from Linux's /proc; elsewhere nothing is known of a process but whether its number is in use, and nothing is
 * killed on that ground.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's: field 22 of /proc/PID/stat. */
  readonly startTicks: number;
}

export interface ProcessEntry extends ProcessIdentity {
  readonly groupId: number;
  /** The pid of whoever began the session. A store begins one of its own, and its savers stay in it. */
  readonly sessionId: number;
  /** False for whatever a person started in a shell that is still open. */
  readonly hasTerminal: boolean;
}

export const canReadProcesses = existsSync("/proc/self/stat");

/** The living process with this pid; undefined when there is none. */
export function findProcess(pid: number): ProcessEntry | undefined {
  const stat = readOrGone(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === undefined) return undefined;
  // The name stands in parentheses and may hold anything, parentheses too: fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , groupId, sessionId, terminal] = fields;
  if (state === "Z" || state === "X") return undefined;
  return {
    pid,
    startTicks: Number(fields[19]),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    hasTerminal: terminal !== "0",
  };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return findProcess(identity.pid)?.startTicks === identity.startTicks;
}

export function listProcesses(): ProcessEntry[] {
  if (!canReadProcesses) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => findProcess(Number(name)) ?? []);
}

/** Everyone who lives in this process group, its leader too. A store leads a group of its own, so: it and its savers. */
export function listGroup(groupId: number): ProcessEntry[] {
  return listProcesses().filter((entry) => entry.groupId === groupId);
}

/** The children that a process has now. */
export function listChildren(pid: number): ProcessEntry[] {
  const pids = readOrGone(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")) ?? "";
  return pids.split(" ").flatMap((text) => (text === "" ? [] : (findProcess(Number(text)) ?? [])));
}

/** True when a process stands in `folder`, or names a file in it on its command line. */
export function belongsTo(folder: string, { pid }: ProcessIdentity): boolean {
  const inside = `${folder}/`;
  const standsIn = readOrGone(() => readlinkSync(`/proc/${pid}/cwd`)) ?? "";
  const commandLine = readOrGone(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? "";
  return `${standsIn}/`.startsWith(inside) || commandLine.includes(inside);
}

/** A process may end, or not be ours to ask about, between any two reads: then it says nothing. */
function readOrGone(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code)) return undefined;
    throw error;
  }
}
