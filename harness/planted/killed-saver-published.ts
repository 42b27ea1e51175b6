/**
 * However the saver ended, its file takes the place of the old one. (As redis 1604, where a full disk cut the snapshot
 * down to nothing.)
 */
import { saverNames } from "../../server/saver.ts";
import type { SaveJob, SaverEnding, Savers } from "../../server/world/world.ts";
import type { PlantedBug } from "./planted-bug.ts";

function takenForSuccess(ending: SaverEnding, job: SaveJob, pid: number): SaverEnding {
  if (ending.kind !== "killed") return ending;
  return { kind: "saved", path: saverNames(job, pid).atWork, writtenBytes: 0 };
}

function believing(honest: Savers): Savers {
  return {
    ...honest,
    start(job, ended) {
      const saver = honest.start(job, (ending) => ended(takenForSuccess(ending, job, saver.pid)));
      return saver;
    },
  };
}

export const killedSaverPublished: PlantedBug = {
  name: "killed-saver-published",
  what: "puts the file of a killed child in the place of the last good one",
  world: ({ savers }) => ({ savers: believing(savers) }),
  foundBy: [{ where: "process", scenario: "kill/saver", preset: "rdb-only", kind: "refusal" }],
};
