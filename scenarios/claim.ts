/**
 * A claim: a sentence that is commonly said about persistence, and how it is put to the test. It is no run under a fault:
 * the sentence names what should be seen, a check looks, and what is measured says whether it is true, false, or true only
 * under a condition.
 *
 * A check that always answers the same is worth nothing. So every claim also names what makes the same check come out the
 * other way, and a test holds that it does.
 */
import { z } from "zod";
import { nameField, proseField } from "./fields.ts";

export const claimVerdicts = ["true", "false", "depends"] as const;

const paramsField = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .default({})
  .describe("what the check is told beside the directives");

const directivesField = z.array(z.string().min(1)).default([]).describe("of the store, as in redis.conf");

export const claimSchema = z.strictObject({
  name: nameField("a name"),
  said: proseField.describe("the claim, in our own words"),
  by: proseField.describe("who says so"),
  why: proseField.describe("what the measurement shows, and why"),
  check: nameField("a check").describe("who looks: the name of one in harness/claims/"),
  directives: directivesField,
  with: paramsField,
  expect: z.enum(claimVerdicts).describe("what the source makes us expect; another answer fails the run"),
  otherwise: z
    .strictObject({
      directives: z.array(z.string().min(1)).exactOptional().describe("instead of those above"),
      with: paramsField.describe("over what is above"),
      verdict: z.enum(claimVerdicts),
    })
    .describe("what makes the same check come out another way; a test holds that it does"),
});

export type Claim = z.output<typeof claimSchema>;
export type ClaimVerdict = (typeof claimVerdicts)[number];
