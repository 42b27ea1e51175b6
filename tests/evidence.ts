/**
 * Evidence for tests of the oracle: everything a judgement needs around a history and what came back.
 */
import type { Model } from "../harness/operations/model.ts";
import type { CrashFacts, Evidence, PresetPromise, ServedStart } from "../harness/oracle/evidence.ts";
import type { History } from "../harness/recording/history.ts";

export const redis70 = { name: "redis-server", version: "7.0.15" };

export function served(state: Model, readAtWallMs: number): ServedStart {
  return { kind: "served", state, readAtWallMs, deadlineErrorMs: 0, tookMs: 5 };
}

export interface EvidenceParts {
  readonly history: History;
  readonly endNs: number;
  readonly state: Model;
  readonly readAtWallMs: number;
  readonly row?: PresetPromise["row"];
  readonly crash?: Partial<CrashFacts>;
  readonly promise?: Partial<PresetPromise>;
}

/** As after a power cut under `appendfsync no`, where any prefix is lawful, unless the parts say otherwise. */
export function evidenceOf(parts: EvidenceParts): Evidence {
  const start = served(parts.state, parts.readAtWallMs);
  return {
    history: parts.history,
    cut: { startNs: parts.endNs - 1, endNs: parts.endNs },
    crash: {
      fault: "power-cut",
      longestSyncMs: 0,
      longestStallMs: 0,
      saves: [],
      suspensions: [],
      place: "",
      ...parts.crash,
    },
    promise: { row: parts.row ?? "os-decides", store: redis70, savePoints: [], ...parts.promise },
    recovery: { starts: [start, start] },
  };
}
