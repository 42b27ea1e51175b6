/**
 * A group: scenarios that are run together under one name, each with the presets and the budget that fit the occasion.
 * `smoke` is what runs when nothing is named: minutes, the bundled store, nothing to install. `nightly` is all there is.
 */
import { z } from "zod";
import { countField, durationField, nameField, proseField } from "./fields.ts";

export const groupSchema = z.strictObject({
  name: nameField("a name"),
  why: proseField.describe("when one would run this group, and what a verdict of it is worth"),
  members: z
    .array(
      z.strictObject({
        scenario: nameField("a scenario"),
        presets: z
          .array(nameField("a preset"))
          .min(1)
          .exactOptional()
          .describe("absent: those that the scenario names"),
        runs: countField(1).exactOptional().describe("cycles with each preset"),
        time: durationField
          .exactOptional()
          .describe("how long with each preset; whichever ends first. With neither: the scenario's own budget"),
      }),
    )
    .min(1),
});

export type Group = z.output<typeof groupSchema>;
