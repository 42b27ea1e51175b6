/**
 * A preset: a named config with its promises. Its directives are written as in `redis.conf`, a line each, so that they
 * can be read beside the store's own documentation and pasted into a config file.
 *
 * A preset may extend another one: first the other's lines, then its own, and a directive that both name is taken
 * whole from the one that extends (two `save` lines replace three). `resolvePreset` in catalogue.ts does that.
 */
import { z } from "zod";
import { nameField, proseField } from "./fields.ts";
import { targetKinds } from "./scenario.ts";

/** Rows of the durability contract: which bounds a checker asks for. What they mean is in `harness/oracle/promises.ts`. */
export const promiseRows = [
  "always",
  "everysec",
  "everysec-no-fsync-on-rewrite",
  "os-decides",
  "rdb-only",
  "none",
  "as-documented",
] as const;

export const presetSchema = z.strictObject({
  name: nameField("a name"),
  why: proseField.describe("who would choose this config, and what it costs"),
  extends: nameField("a preset").exactOptional().describe("a preset whose directives come first"),
  targets: z
    .array(z.enum(targetKinds))
    .min(1)
    .default([...targetKinds])
    .describe("the kinds of store that understand it"),
  directives: z.array(z.string().min(1)).default([]).describe("as in redis.conf, a line each"),
  promise: z
    .strictObject({
      row: z.enum(promiseRows).describe("the row of the durability contract that judges it"),
      killed: proseField.describe("what a client may rely on when the process is killed"),
      powerLost: proseField.describe("what a client may rely on when the power is lost"),
    })
    .describe("what is promised"),
});

/** One preset file as written. */
export type PresetFile = z.output<typeof presetSchema>;

/** One directive, split as the store splits it: `save 900 1` is `["save", "900", "1"]`. */
export type Directive = readonly [name: string, ...values: string[]];

export type PromiseRow = (typeof promiseRows)[number];

/** A preset with all that it extends worked in: what a target is started with. */
export interface Preset {
  readonly name: string;
  readonly why: string;
  readonly targets: readonly PresetFile["targets"][number][];
  readonly directives: readonly Directive[];
  readonly promise: PresetFile["promise"];
}
