/** A Process that a test watches. `exit` throws, as nothing runs behind a real one. */
import type { Process } from "../../server/world/world.ts";

export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
  readonly code: number;

  constructor(code: number) {
    super(`the process ended with code ${code}`);
    this.code = code;
  }
}

export class FakeProcess implements Process {
  readonly pid = 4242;
  readonly lines: string[] = [];
  endedWith: number | undefined;
  private signalled: ((signal: "SIGTERM" | "SIGINT") => void) | undefined;

  onSignal(run: (signal: "SIGTERM" | "SIGINT") => void): void {
    this.signalled = run;
  }

  signal(signal: "SIGTERM" | "SIGINT"): void {
    this.signalled?.(signal);
  }

  exit(code: number): never {
    this.endedWith ??= code;
    throw new ProcessEnded(code);
  }

  log(line: string): void {
    this.lines.push(line);
  }

  memoryBytes(): number {
    return 0;
  }
}
