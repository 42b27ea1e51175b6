/**
 * The table of checkers. A new one is a file and a line here.
 */
import { atomicityChecker } from "./atomicity-checker.ts";
import type { Checker } from "./checker.ts";
import { coverageChecker } from "./coverage-checker.ts";
import { durableReplyChecker } from "./durable-reply-checker.ts";
import { lossChecker } from "./loss-checker.ts";
import { prefixChecker } from "./prefix-checker.ts";
import { recoveryChecker } from "./recovery-checker.ts";
import { replyChecker } from "./reply-checker.ts";

export const checkers: readonly Checker[] = [
  recoveryChecker,
  prefixChecker,
  atomicityChecker,
  lossChecker,
  durableReplyChecker,
  replyChecker,
  coverageChecker,
];
