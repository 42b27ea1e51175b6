/**
 * SIGTERM ends the store at once, without the flush, the sync and the save that its config asks for. (As redis 4033.)
 */
import type { Loading } from "../../server/loading.ts";
import { Persistence } from "../../server/persistence.ts";
import type { PlantedBug } from "./planted-bug.ts";

class EndsAtOnce extends Persistence {
  override *preparingStop(): Loading<string | undefined> {
    yield;
    return undefined;
  }
}

export const shutdownWithoutSave: PlantedBug = {
  name: "shutdown-without-save",
  what: "ends at SIGTERM without saving what its save points would have saved",
  parts: { Persistence: EndsAtOnce },
  foundBy: [{ where: "process", scenario: "kill/sigterm", preset: "rdb-only", kind: "loss-beyond-bound" }],
};
