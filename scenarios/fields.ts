/**
 * The small forms that scenario, preset and group files share: names, counts, ranges and lengths of time.
 * Each says in one phrase what it expects: the error that a user reads is made of that phrase.
 */
import { z } from "zod";

/** `kill/random`, `everysec`: lower case, digits and dashes; folders with a slash. */
export const nameField = (what: string) =>
  z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*(\/[a-z0-9]+(-[a-z0-9]+)*)*$/, {
    error: `expected ${what} in lower case, like kill/random`,
  });

/** A sentence or more. Files that ship explain themselves: an empty explanation is a mistake. */
export const proseField = z.string().trim().min(1, { error: "expected a sentence" });

/** A whole number from `least` to `most`; the upper end keeps a slip of the finger from filling the machine. */
export const countField = (least: number, most = 10_000_000) => {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

/** What a plan draws from: `500` means just that, `[100, 900]` anything between, both ends included. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

export const rangeField = (least: number, most = 10_000_000) => {
  const error = `expected a whole number from ${least} to ${most}, or [from, to]`;
  const bound = z.int().min(least).max(most);
  return z
    .union([bound, z.tuple([bound, bound])], { error })
    .refine((given) => typeof given === "number" || given[0] <= given[1], {
      error: "expected [from, to] with from not greater than to",
    })
    .transform((given): Range => {
      const [from, to] = typeof given === "number" ? [given, given] : given;
      return { least: from, most: to };
    });
};

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of `500ms`, `60s`, `2m` or `1h`; undefined when the text is none of these. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (match === null) return undefined;
  const valueMs = Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]);
  return valueMs > 0 ? valueMs : undefined;
}

/** A length of time as people write it; parsed to milliseconds. */
export const durationField = z
  .string({ error: durationExpected() })
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, { error: durationExpected() })
  .refine((text) => durationMs(text) !== undefined, { error: durationExpected() })
  .transform((text) => durationMs(text) ?? 0);

function durationExpected(): string {
  return "expected a length of time above zero, like 500ms, 60s, 2m or 1h";
}
