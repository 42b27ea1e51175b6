/**
 * What a verb is given from outside: where it writes, what it reads of the environment, the engine that runs scenarios.
 * A test hands in its own; `main.ts` hands in the process's.
 */
import type { Catalogue } from "../../scenarios/catalogue.ts";
import type { ReplayRequest, ReplayResult } from "../replay.ts";
import type { RunScenario } from "../run-request.ts";
import type { AskForVolume } from "./left-out.ts";

export interface Surroundings {
  readonly catalogue: Catalogue;
  readonly runScenario: RunScenario;
  readonly replayBundle: (request: ReplayRequest) => Promise<ReplayResult>;
  readonly askForVolume: AskForVolume;
  /** Data: a report, an outcome, a list. */
  readonly out: Channel;
  /** All that is not data: progress, notes, trouble. */
  readonly err: Channel;
  readonly environment: NodeJS.ProcessEnv;
  readonly now: () => Date;
  /** Fires when the user wants to end. */
  readonly interruption: AbortSignal;
}

export interface Channel {
  readonly stream: NodeJS.WritableStream;
  readonly isTerminal: boolean;
  /** Characters in a line. */
  readonly columns: number;
}
