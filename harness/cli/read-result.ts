/** Reads a result back from its folder, as `lossbound run` left it or another version of it did. */
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { z } from "zod";
import { type Detail, detailSchema } from "../../reports/detail.ts";
import { type Outcome, outcomeSchema } from "../../reports/outcome.ts";
import type { Report } from "../../reports/reporter.ts";
import { Exit, exitCodes } from "./exit.ts";
import { detailName, outcomeName } from "./results.ts";

/** A report of what is there, and the folder that it is in. */
export interface ReadResult {
  readonly dir: string;
  readonly report: Report;
}

/**
 * @param where the folder of a result, its outcome.json, or a folder of results, of which the latest is meant
 * @throws Exit when there is none, or one that this version does not know
 */
export function readResult(where: string): ReadResult {
  const outcomeFile = outcomeFileOf(where);
  const dir = path.dirname(outcomeFile);
  const outcome: Outcome = documentIn(outcomeFile, outcomeSchema);
  const detailFile = path.join(dir, detailName);
  const detail: Detail | undefined = existsSync(detailFile) ? documentIn(detailFile, detailSchema) : undefined;
  return {
    dir,
    report: {
      outcome,
      ...(detail !== undefined && { detail }),
      expectations: detail?.expectations ?? [],
      outcomeFile,
      // A night that was killed leaves an outcome and no detail: what it has is a part.
      interrupted: detail?.interrupted ?? true,
    },
  };
}

function outcomeFileOf(where: string): string {
  const candidates = [where, path.join(where, outcomeName), path.join(where, "latest", outcomeName)];
  const found = candidates.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  if (found !== undefined) return found;
  throw new Exit(exitCodes.usage, `there is no result in ${where}: expected a folder with an ${outcomeName}`);
}

function documentIn<S extends z.ZodType>(file: string, schema: S): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Exit(exitCodes.usage, `${file} cannot be read: ${(error as Error).message}`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw new Exit(
    exitCodes.usage,
    `${file} is no document of this version: ${place === "" ? "" : `${place}: `}${issue?.message}`,
  );
}
