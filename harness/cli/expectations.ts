/** The thresholds of a scenario, asked of a run: the ✓ and ✗ lines above the totals. */
import type { Run } from "../../reports/outcome.ts";
import type { Expectation } from "../../reports/reporter.ts";
import { grouped, inTime } from "../../reports/words.ts";
import type { Scenario } from "../../scenarios/scenario.ts";

interface Threshold {
  readonly name: "lossAgeMsMax" | "lossAckedMax" | "recoveryMsMax" | "judgedMin";
  readonly measured: (run: Run) => number;
  readonly met: (measured: number, limit: number) => boolean;
  readonly shown: (value: number) => string;
}

const atMost = (measured: number, limit: number) => measured <= limit;
const atLeast = (measured: number, limit: number) => measured >= limit;

const thresholds: readonly Threshold[] = [
  { name: "lossAgeMsMax", measured: ({ loss }) => loss.ageMsMax, met: atMost, shown: inTime },
  { name: "lossAckedMax", measured: ({ loss }) => loss.ackedMax, met: atMost, shown: grouped },
  { name: "recoveryMsMax", measured: ({ recovery }) => recovery.msMax, met: atMost, shown: inTime },
  { name: "judgedMin", measured: ({ crashStates }) => crashStates.judged, met: atLeast, shown: grouped },
];

/** A line for each threshold that the scenario sets. What was not judged meets none. */
export function expectationsOf(run: Run, { expect }: Scenario): Expectation[] {
  const { scenario, preset, target } = run;
  return thresholds.flatMap(({ name, measured, met, shown }) => {
    const limit = expect[name];
    if (limit === undefined) return [];
    const value = measured(run);
    const judged = run.crashStates.judged > 0;
    return {
      met: judged && met(value, limit),
      of: { scenario, preset, target },
      wanted: `${name} ${limit}`,
      found: judged ? shown(value) : "nothing was judged",
    };
  });
}
