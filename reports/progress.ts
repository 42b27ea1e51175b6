/**
 * What a person sees while it runs: a bar on a terminal, a line with the time for each run elsewhere. Never on stdout,
 * which belongs to the report.
 *
 *     ━━━━━━━━━━━━╺──────────  62/136  kill/random · everysec · bundled   0 violated   41 s
 *
 *     [  12.3 s] 1/17 kill/random · everysec · bundled: held, 8 cycles, 12,034 acked calls
 */
import { SingleBar } from "cli-progress";
import type { VerdictName } from "./outcome.ts";
import { counted, harmless, inTime } from "./words.ts";

export interface Progress {
  runBegins(run: RunLabel): void;
  cycleEnded(cycle: { readonly done: number; readonly acked: number; readonly verdict: VerdictName }): void;
  runEnded(verdict: VerdictName): void;
  /** Nothing is drawn any more, and the line is free. Safe to call twice. */
  end(): void;
}

export interface RunLabel {
  readonly scenario: string;
  readonly preset: string;
  readonly target: string;
}

export interface ProgressPlan {
  readonly runs: number;
  /** Over all runs; absent when a budget is a length of time. */
  readonly cycles?: number;
}

function nameOf({ scenario, preset, target }: RunLabel): string {
  return harmless([scenario, preset, target].join(" · "));
}

// ── On a terminal ─────────────────────────────────────────────────────────────────────────────────────────────────

export class BarProgress implements Progress {
  private readonly bar: SingleBar;
  private readonly countsCycles: boolean;
  private name = "";
  private violated = 0;

  constructor(stream: NodeJS.WritableStream, plan: ProgressPlan) {
    this.countsCycles = plan.cycles !== undefined;
    this.bar = new SingleBar({
      stream,
      format: "{bar}  {value}/{total}  {name}   {violated} violated   {duration_formatted}",
      barCompleteChar: "━",
      barIncompleteChar: "─",
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      // The caller ends it on SIGINT, after the stores are gone.
      gracefulExit: false,
    });
    this.bar.start(plan.cycles ?? plan.runs, 0, this.payload());
  }

  runBegins(run: RunLabel): void {
    this.name = nameOf(run);
    this.bar.update(this.payload());
  }

  cycleEnded({ verdict }: { readonly verdict: VerdictName }): void {
    if (verdict === "violated") this.violated++;
    this.bar.increment(this.countsCycles ? 1 : 0, this.payload());
  }

  runEnded(): void {
    this.bar.increment(this.countsCycles ? 0 : 1, this.payload());
  }

  end(): void {
    this.bar.stop();
  }

  private payload() {
    return { name: this.name, violated: this.violated };
  }
}

// ── Elsewhere ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A run that takes long is heard of now and then: a log that stands still looks like a hang. */
const silenceMsMax = 30_000;

export class LineProgress implements Progress {
  private readonly stream: NodeJS.WritableStream;
  private readonly plan: ProgressPlan;
  private readonly nowMs: () => number;
  private readonly startedMs: number;
  private heardMs: number;
  private begun = 0;
  private name = "";
  private cycles = 0;
  private violated = 0;
  private acked = 0;

  constructor(stream: NodeJS.WritableStream, plan: ProgressPlan, nowMs: () => number) {
    this.stream = stream;
    this.plan = plan;
    this.nowMs = nowMs;
    this.startedMs = nowMs();
    this.heardMs = this.startedMs;
  }

  runBegins(run: RunLabel): void {
    this.begun++;
    this.name = nameOf(run);
    this.cycles = 0;
    this.violated = 0;
    this.acked = 0;
  }

  cycleEnded({ done, acked, verdict }: { done: number; acked: number; verdict: VerdictName }): void {
    this.cycles = done;
    this.acked += acked;
    // The first of a run is news; the others are in its last line.
    if (verdict === "violated" && this.violated++ === 0) this.say(`violated in cycle ${done}`);
    else if (this.nowMs() - this.heardMs >= silenceMsMax) this.say(`${counted(done, "cycle")} so far`);
  }

  runEnded(verdict: VerdictName): void {
    const times = this.violated > 1 ? ` ${this.violated} times` : "";
    const word = verdict === "unknown" ? "not known" : `${verdict}${times}`;
    this.say(`${word}, ${counted(this.cycles, "cycle")}, ${counted(this.acked, "acked call")}`);
  }

  end(): void {
    // Lines are complete as they are.
  }

  private say(what: string): void {
    this.heardMs = this.nowMs();
    const time = inTime(this.heardMs - this.startedMs).padStart(7);
    this.stream.write(`[${time}] ${this.begun}/${this.plan.runs} ${this.name}: ${what}\n`);
  }
}
