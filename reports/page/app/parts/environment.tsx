/** On what machine, with what stores, from which seed: what one needs to do it again. */
import { durableInWords } from "../../../durable-words.ts";
import { grouped, inTime } from "../../../words.ts";
import type { PageData } from "../../page-data.ts";
import { Section } from "./common.tsx";

export function Environment({ data }: { readonly data: PageData }) {
  const { environment, version, seed, startedAt } = data.outcome;
  const syncs = Math.max(0, ...data.runs.map(({ loss }) => loss.longestSyncMs));
  const stall = Math.max(0, ...data.runs.map(({ loss }) => loss.longestStallMs));
  const perSecond = Math.max(0, ...data.runs.map(({ crashStates }) => crashStates.perSecond));
  const facts: readonly (readonly [string, string])[] = [
    ["lossbound", version],
    ["stores", environment.targets.map(({ name, version: of }) => `${name} ${of}`.trim()).join(", ") || "none"],
    ["node", environment.node],
    ["system", environment.os],
    ["cores", grouped(environment.cores)],
    ["longest sync", inTime(syncs)],
    ["longest stall of a client", inTime(stall)],
    ...data.runs.flatMap((run) => {
      const words = durableInWords(run);
      return words === "" ? [] : [[`${run.preset} in ${run.scenario}`, words] as const];
    }),
    ["crash states judged", `up to ${perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond))} a second`],
    ["started", startedAt],
    ["seed", seed],
  ];
  return (
    <Section
      id="environment"
      title="Environment"
      about="What this was measured on, and the seed that draws the same choices again."
    >
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
