/** Surroundings for testing verbs: channels that remember, and an engine that does what the test says. */
import { Writable } from "node:stream";
import type { Channel, Surroundings } from "../harness/cli/surroundings.ts";
import type { VolumeUnavailable } from "../harness/disk/volume.ts";
import { replayBundle } from "../harness/replay.ts";
import type { RunRequest, RunResult, RunScenario } from "../harness/run-request.ts";
import type { Run } from "../reports/outcome.ts";
import { Catalogue } from "../scenarios/catalogue.ts";
import { sampleRun } from "./sample-outcome.ts";

export interface FakeSurroundings extends Surroundings {
  /** What the engine was asked for, in order. */
  readonly requests: readonly RunRequest[];
  stdout(): string;
  stderr(): string;
  interrupt(): void;
}

export function fakeSurroundings(
  engine: RunScenario = heldEngine,
  environment: NodeJS.ProcessEnv = {},
  volumeTrouble?: VolumeUnavailable,
): FakeSurroundings {
  const out = new Memory();
  const err = new Memory();
  const requests: RunRequest[] = [];
  const interruption = new AbortController();
  return {
    catalogue: new Catalogue(),
    runScenario: (request, watch) => {
      requests.push(request);
      return engine(request, watch);
    },
    replayBundle,
    askForVolume: async () => volumeTrouble,
    out: channel(out),
    err: channel(err),
    environment,
    now: () => new Date("2026-11-22T09:00:00.000Z"),
    interruption: interruption.signal,
    requests,
    stdout: () => out.text,
    stderr: () => err.text,
    interrupt: () => {
      interruption.abort();
    },
  };
}

/** An engine in which every cycle holds. */
export const heldEngine: RunScenario = async (request, watch) => {
  const cycles = request.budget.runs ?? 3;
  for (let done = 1; done <= cycles; done++) {
    watch.cycleEnded({ done, total: cycles, acked: 100, verdict: "held", kinds: [] });
  }
  return resultOf(request, { crashStates: { ...sampleRun().crashStates, judged: cycles } });
};

/** A run as the engine would return it for this request. */
export function resultOf(request: RunRequest, changes: Partial<Run> = {}): RunResult {
  const { scenario, preset, target, seed } = request;
  const run = sampleRun({ scenario: scenario.name, preset: preset.name, target, seed, ...changes });
  return {
    run,
    target: { name: "lossbound-server", version: "0.1.0" },
    cycles: run.crashStates.judged,
    cyclesViolated: run.verdict === "violated" ? 1 : 0,
  };
}

class Memory extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function channel(stream: Memory): Channel {
  return { stream, isTerminal: false, columns: 100 };
}
