/** For how long a finding was there to be hit, and so how likely a power cut at a random moment is to hit it. */
import type { Finding } from "./outcome.ts";
import { inPercent, inTime } from "./words.ts";

/** Empty where it was not measured. */
export function exposureInWords({ exposureMs, exposureShare }: Pick<Finding, "exposureMs" | "exposureShare">): string {
  if (exposureMs === 0) return "";
  if (exposureShare === undefined) return `a crash within ${inTime(exposureMs)} of the run would have shown it`;
  return `a power cut within ${inTime(exposureMs)} of what was recorded shows it, and one at a random moment falls into them with a chance of ${inPercent(exposureShare)}`;
}
