/** All verbs. A new one is a file and a line here. */
import { backup } from "./backup.ts";
import { calibrate } from "./calibrate.ts";
import { compare } from "./compare.ts";
import { doctor } from "./doctor.ts";
import { explore } from "./explore.ts";
import { init } from "./init.ts";
import { list } from "./list.ts";
import { merge } from "./merge.ts";
import { replay } from "./replay.ts";
import { report } from "./report.ts";
import { restore } from "./restore.ts";
import { run } from "./run.ts";
import { selftest } from "./selftest.ts";
import { shrink } from "./shrink.ts";
import type { Verb } from "./verb.ts";

export const verbs: readonly Verb[] = [
  run,
  explore,
  replay,
  shrink,
  compare,
  report,
  merge,
  list,
  init,
  doctor,
  calibrate,
  selftest,
  backup,
  restore,
];
