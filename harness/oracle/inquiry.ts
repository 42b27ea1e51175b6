/**
 * An inquiry: one piece of evidence, and what has been worked out from it, once, for all checkers.
 */
import type { Evidence } from "./evidence.ts";

export interface Inquiry {
  readonly evidence: Evidence;
}
