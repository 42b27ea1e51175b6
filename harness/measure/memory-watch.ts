/**
 * How much memory a store holds while its clients play: asked of the kernel now and then, for the kernel forgets it with the
 * process. Its children are not counted: they share what they have not changed.
 */
import { readFileSync } from "node:fs";

const everyMs = 100;

export class MemoryWatch {
  private readonly pid: number;
  private readonly timer: NodeJS.Timeout;
  private mostBytes = 0;

  constructor(pid: number) {
    this.pid = pid;
    this.timer = setInterval(() => this.look(), everyMs);
    this.timer.unref();
    this.look();
  }

  /** The most that was seen; 0 where the kernel does not tell. */
  stop(): number {
    clearInterval(this.timer);
    return this.mostBytes;
  }

  private look(): void {
    const bytes = residentBytes(this.pid);
    if (bytes !== undefined) this.mostBytes = Math.max(this.mostBytes, bytes);
  }
}

/** Undefined when there is no such process, or it is nobody's to ask. */
export function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch (error) {
    // It may die between two looks: that is what it is here for.
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
