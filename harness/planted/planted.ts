/** All planted bugs. A new one is a file and a line here. */
import { UnknownName } from "../../scenarios/catalogue.ts";
import { hint } from "../../scenarios/suggest.ts";
import { attestationIgnored } from "./attestation-ignored.ts";
import { baseUnsynced } from "./base-unsynced.ts";
import { bufferDroppedAtRotation } from "./buffer-dropped-at-rotation.ts";
import { checksumNeverChecked } from "./checksum-never-checked.ts";
import { expiredKeyUnlogged } from "./expired-key-unlogged.ts";
import { failedRewriteRolledBack } from "./failed-rewrite-rolled-back.ts";
import { failedSyncRepeated } from "./failed-sync-repeated.ts";
import { foldersNeverSynced } from "./folders-never-synced.ts";
import { fullDiskIgnored } from "./full-disk-ignored.ts";
import { halfTransactionAccepted } from "./half-transaction-accepted.ts";
import { historyDeletedFirst } from "./history-deleted-first.ts";
import { incrAfterManifest } from "./incr-after-manifest.ts";
import { killedSaverPublished } from "./killed-saver-published.ts";
import { logEmptiedAtStart } from "./log-emptied-at-start.ts";
import { logHeldDuringRewrite } from "./log-held-during-rewrite.ts";
import { logHeldUntilSync } from "./log-held-until-sync.ts";
import { logNeverSynced } from "./log-never-synced.ts";
import { manifestBeforeBase } from "./manifest-before-base.ts";
import { manifestUnsynced } from "./manifest-unsynced.ts";
import { moveLoggedTwice } from "./move-logged-twice.ts";
import { multiLeftOpen } from "./multi-left-open.ts";
import { oldIncrUnsynced } from "./old-incr-unsynced.ts";
import { oldSnapshotDeletedFirst } from "./old-snapshot-deleted-first.ts";
import { oneSyncSkipped } from "./one-sync-skipped.ts";
import { orphanedBaseAdopted } from "./orphaned-base-adopted.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { renameUnsynced } from "./rename-unsynced.ts";
import { replyBeforeLog } from "./reply-before-log.ts";
import { saveCounterReset } from "./save-counter-reset.ts";
import { selectMissing } from "./select-missing.ts";
import { shortWriteLeftBehind } from "./short-write-left-behind.ts";
import { shutdownWithoutSave } from "./shutdown-without-save.ts";
import { snapshotOfManyMoments } from "./snapshot-of-many-moments.ts";
import { snapshotUnsynced } from "./snapshot-unsynced.ts";
import { staleTempFileLoaded } from "./stale-temp-file-loaded.ts";
import { syncAnsweredEarly } from "./sync-answered-early.ts";
import { syncErrorSwallowed } from "./sync-error-swallowed.ts";
import { tailNeverSynced } from "./tail-never-synced.ts";
import { transactionSplit } from "./transaction-split.ts";
import { ttlDroppedByRewrite } from "./ttl-dropped-by-rewrite.ts";
import { ttlLostByIncrement } from "./ttl-lost-by-increment.ts";
import { unlinkNotLogged } from "./unlink-not-logged.ts";
import { waitaofForWritten } from "./waitaof-for-written.ts";
import { writesDoubledInRewrite } from "./writes-doubled-in-rewrite.ts";
import { writesLostInRewrite } from "./writes-lost-in-rewrite.ts";

export const plantedBugs: readonly PlantedBug[] = [
  // When the log is written.
  replyBeforeLog,
  logHeldUntilSync,
  logHeldDuringRewrite,
  shortWriteLeftBehind,
  fullDiskIgnored,
  // When it is synced.
  logNeverSynced,
  syncAnsweredEarly,
  tailNeverSynced,
  oldIncrUnsynced,
  syncErrorSwallowed,
  failedSyncRepeated,
  // What is written to it.
  transactionSplit,
  unlinkNotLogged,
  expiredKeyUnlogged,
  waitaofForWritten,
  moveLoggedTwice,
  ttlLostByIncrement,
  // The rewrite.
  bufferDroppedAtRotation,
  incrAfterManifest,
  selectMissing,
  writesLostInRewrite,
  writesDoubledInRewrite,
  ttlDroppedByRewrite,
  baseUnsynced,
  manifestUnsynced,
  manifestBeforeBase,
  historyDeletedFirst,
  renameUnsynced,
  foldersNeverSynced,
  failedRewriteRolledBack,
  // Snapshots.
  snapshotOfManyMoments,
  snapshotUnsynced,
  oldSnapshotDeletedFirst,
  killedSaverPublished,
  saveCounterReset,
  // Stop and start.
  shutdownWithoutSave,
  staleTempFileLoaded,
  oneSyncSkipped,
  orphanedBaseAdopted,
  logEmptiedAtStart,
  multiLeftOpen,
  halfTransactionAccepted,
  checksumNeverChecked,
  attestationIgnored,
];

/** @throws UnknownName */
export function plantedBug(name: string): PlantedBug {
  const bug = plantedBugs.find((each) => each.name === name);
  if (bug !== undefined) return bug;
  const known = plantedBugs.map((each) => each.name);
  throw new UnknownName(`there is no planted bug ${name}: ${hint(name, known)}`);
}
