/** All planted bugs. A new one is a file and a line here. */
import { UnknownName } from "../../scenarios/catalogue.ts";
import { hint } from "../../scenarios/suggest.ts";
import { bufferDroppedAtRotation } from "./buffer-dropped-at-rotation.ts";
import { failedRewriteRolledBack } from "./failed-rewrite-rolled-back.ts";
import { historyDeletedFirst } from "./history-deleted-first.ts";
import { killedSaverPublished } from "./killed-saver-published.ts";
import { logEmptiedAtStart } from "./log-emptied-at-start.ts";
import { logHeldDuringRewrite } from "./log-held-during-rewrite.ts";
import { logHeldUntilSync } from "./log-held-until-sync.ts";
import { manifestBeforeBase } from "./manifest-before-base.ts";
import { moveLoggedTwice } from "./move-logged-twice.ts";
import { oldSnapshotDeletedFirst } from "./old-snapshot-deleted-first.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { replyBeforeLog } from "./reply-before-log.ts";
import { selectMissing } from "./select-missing.ts";
import { shutdownWithoutSave } from "./shutdown-without-save.ts";
import { snapshotOfManyMoments } from "./snapshot-of-many-moments.ts";
import { staleTempFileLoaded } from "./stale-temp-file-loaded.ts";
import { transactionSplit } from "./transaction-split.ts";
import { ttlDroppedByRewrite } from "./ttl-dropped-by-rewrite.ts";
import { ttlLostByIncrement } from "./ttl-lost-by-increment.ts";
import { unlinkNotLogged } from "./unlink-not-logged.ts";
import { writesDoubledInRewrite } from "./writes-doubled-in-rewrite.ts";
import { writesLostInRewrite } from "./writes-lost-in-rewrite.ts";

export const plantedBugs: readonly PlantedBug[] = [
  // When the log is written.
  replyBeforeLog,
  logHeldUntilSync,
  logHeldDuringRewrite,
  // What is written to it.
  transactionSplit,
  unlinkNotLogged,
  moveLoggedTwice,
  ttlLostByIncrement,
  // The rewrite.
  bufferDroppedAtRotation,
  selectMissing,
  writesLostInRewrite,
  writesDoubledInRewrite,
  ttlDroppedByRewrite,
  manifestBeforeBase,
  historyDeletedFirst,
  failedRewriteRolledBack,
  // Snapshots.
  snapshotOfManyMoments,
  oldSnapshotDeletedFirst,
  killedSaverPublished,
  // Stop and start.
  shutdownWithoutSave,
  staleTempFileLoaded,
  logEmptiedAtStart,
];

/** @throws UnknownName */
export function plantedBug(name: string): PlantedBug {
  const bug = plantedBugs.find((each) => each.name === name);
  if (bug !== undefined) return bug;
  const known = plantedBugs.map((each) => each.name);
  throw new UnknownName(`there is no planted bug ${name}: ${hint(name, known)}`);
}
