/** `lossbound merge`: the blobs of shards become one result, as if one machine had played it all. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { type Blob, blobExtension, blobSchema } from "../../reports/blob.ts";
import type { Detail } from "../../reports/detail.ts";
import { mergeShards, NotOneNight } from "../merge.ts";
import { ownVersion } from "../package.ts";
import type { RunResult } from "../run-request.ts";
import { assemble } from "./assemble.ts";
import { Exit, type ExitCode, exitCodeOf, exitCodes } from "./exit.ts";
import { expectationsOf } from "./expectations.ts";
import { collected } from "./options.ts";
import { deliver, destinations } from "./reporting.ts";
import { nightsUpTo, Results } from "./results.ts";
import { missed } from "./run-all.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface MergeOptions {
  readonly reporter?: readonly string[];
  readonly out: string;
  readonly json?: true;
}

export const merge: Verb = {
  name: "merge",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("merge")
      .summary("join the blobs of shards into one result")
      .description(
        "Joins what shards of one night found (--shard I/N --reporter blob) into the result that one machine would have had. A shard that is there twice counts once; with one missing the result is not known.",
      )
      .argument("<dir>", "a folder with *.blob in it, or in folders of it")
      .option("--reporter <name[=file]>", "as for run; may be given several times", collected)
      .option("--out <dir>", "where results are kept", "results")
      .option("--json", "the outcome on stdout, and nothing else there")
      .addHelpText("after", examples)
      .action((dir: string, options: MergeOptions) => {
        ends(mergeAll(dir, options, surroundings));
      });
  },
};

const examples = `
Examples:
  lossbound run simulated/swarm --target simulated --runs 10000 --seed night-7 --shard 1/4 --reporter blob=blobs/1.blob
  lossbound merge blobs --reporter html=night.html

Exit codes: those of run; 2 when the blobs are not of one night, 5 when a shard is missing
`;

function mergeAll(dir: string, options: MergeOptions, around: Surroundings): ExitCode {
  const outputs = destinations(options.reporter ?? [], options.json === true, around.environment);
  const blobs = blobsIn(dir);
  const { outcome: first } = blobs[0] as Blob;
  const merged = mergedOf(blobs, dir);
  for (const note of merged.notes) around.err.stream.write(`${note}\n`);
  const starts = blobs.map(({ outcome }) => new Date(outcome.startedAt).getTime());
  const ends = blobs.map(({ outcome }) => new Date(outcome.startedAt).getTime() + outcome.durationMs);
  const startedAt = new Date(Math.min(...starts));
  const doing = { seed: first.seed, startedAt, endedAt: new Date(Math.max(...ends)), pairs: merged.results.length };
  const outcome = assemble(doing, merged.results);
  const names = [...new Set(merged.scenarios.map(({ name }) => name))];
  const results = Results.begin(options.out, names.join("+"), startedAt);
  results.write(outcome);
  const expectations = merged.results.flatMap(({ run }, index) => {
    const scenario = merged.scenarios[index];
    return scenario === undefined ? [] : expectationsOf(run, scenario);
  });
  const interrupted = blobs.some((blob) => blob.interrupted);
  const runs = merged.results.flatMap(({ detail: of }) => of ?? []);
  const detail: Detail = { schema: "lossbound/detail@1", interrupted, expectations, runs };
  results.writeDetail(detail);
  results.appendNight(
    outcome,
    merged.results.map(({ cycles, cyclesViolated }) => ({ cycles, cyclesViolated })),
  );
  const { nights } = nightsUpTo(results.dir, outcome.startedAt);
  deliver(outputs, { outcome, detail, nights, expectations, outcomeFile: results.outcomeFile, interrupted }, around);
  return exitCodeOf(outcome.verdict, missed(expectations));
}

function mergedOf(blobs: readonly Blob[], dir: string) {
  const seeds = new Set(blobs.map(({ outcome }) => outcome.seed));
  if (seeds.size > 1) {
    throw new Exit(exitCodes.usage, `the blobs in ${dir} have different seeds: ${[...seeds].sort().join(", ")}`);
  }
  try {
    return mergeShards(
      blobs.map(({ shard, interrupted, runs }) => ({ shard, interrupted, results: runs as RunResult[] })),
    );
  } catch (error) {
    if (error instanceof NotOneNight) {
      throw new Exit(exitCodes.usage, `the blobs in ${dir} are not of one night: ${error.message}`);
    }
    throw error;
  }
}

function blobsIn(dir: string): Blob[] {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Exit(exitCodes.usage, `${dir} is no folder`);
  }
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(blobExtension))
    .sort();
  if (files.length === 0) {
    throw new Exit(
      exitCodes.nothing,
      `there is no *${blobExtension} in ${dir}: shards write them with --reporter blob`,
    );
  }
  return files.map((name) => readBlob(path.join(dir, name)));
}

function readBlob(file: string): Blob {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Exit(exitCodes.usage, `${file} cannot be read: ${(error as Error).message}`);
  }
  const parsed = blobSchema.safeParse(value);
  if (!parsed.success) throw new Exit(exitCodes.usage, `${file} is no blob: ${parsed.error.issues[0]?.message}`);
  const { version } = parsed.data.outcome;
  if (version === ownVersion()) return parsed.data;
  throw new Exit(
    exitCodes.usage,
    `${file} is of lossbound ${version}, and this is ${ownVersion()}: merge with that one`,
  );
}
