/** The outcome itself: one JSON document, keys in the order of the contract. */
import { outcomeSchema } from "./outcome.ts";
import type { Reporter } from "./reporter.ts";

export const json: Reporter = {
  name: "json",
  what: "the outcome document, for other programs",
  // Parsing puts the keys into the schema's order, and refuses what would not be an outcome.
  render: ({ outcome }) => `${JSON.stringify(outcomeSchema.parse(outcome), null, 2)}\n`,
};
