/** All checks of claims, by the name under which a claim's file asks for them. A new one is a line here. */
import { copiedDump, forkRefused, sharedFolder, sixteenMinutes, switchedOn, whichDump } from "./checks/files.ts";
import { alwaysLoss, logSyncs, powerLoss, rewriteDies, snapshotLoss, threeLosses } from "./checks/losses.ts";
import { bgsaveStall, forkAndRewrite, loadTimes, logCost, manifestGone } from "./checks/processes.ts";
import {
  doubleWrites,
  failedRewrites,
  logFilesAppear,
  logNames,
  rewriteByGrowth,
  rewriteReads,
} from "./checks/rewrites.ts";
import { changesCounted, counterAfterBgsave, idleSaves, savePointsAlone, savesWhen } from "./checks/save-points.ts";
import type { ClaimCheck } from "./claim-check.ts";

export const claimChecks: readonly ClaimCheck[] = [
  // Snapshots.
  savePointsAlone,
  savesWhen,
  changesCounted,
  counterAfterBgsave,
  idleSaves,
  snapshotLoss,
  // Losses.
  threeLosses,
  alwaysLoss,
  powerLoss,
  rewriteDies,
  logSyncs,
  // The log and its rewrite.
  rewriteByGrowth,
  rewriteReads,
  logFilesAppear,
  logNames,
  failedRewrites,
  doubleWrites,
  // Files.
  switchedOn,
  sixteenMinutes,
  copiedDump,
  whichDump,
  forkRefused,
  sharedFolder,
  // Real processes.
  manifestGone,
  bgsaveStall,
  loadTimes,
  logCost,
  forkAndRewrite,
];
