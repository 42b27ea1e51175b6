/**
 * The options that `run` and `explore` share, with their words on the command line: one list, so that what one of them
 * understands the other does too.
 */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { reporters } from "../../reports/reporters.ts";
import type { FilesystemName } from "../block/filesystems.ts";
import type { Shard } from "../shard.ts";
import { collected, filesystemName, lengthOfTimeMs, modelNames, seedText, shardField, wholeNumber } from "./options.ts";

export interface RunOptions {
  readonly target?: string;
  readonly preset?: readonly string[];
  readonly seed?: string;
  readonly runs?: number;
  readonly time?: number;
  readonly jobs: number;
  readonly scope?: "process" | "tree";
  readonly recovery?: "copy" | "in-place";
  readonly chain?: number;
  readonly reporter?: readonly string[];
  readonly out: string;
  readonly retain?: number;
  readonly json?: true;
  readonly maxFailures?: number;
  readonly keep?: true;
  readonly model?: readonly string[];
  readonly filesystem?: FilesystemName;
  readonly shard?: Shard;
  readonly compose?: string;
  readonly service?: string;
}

const reporterNames = reporters.map(({ name }) => name).join(", ");

export function addRunOptions(command: Command): Command {
  return command
    .option("--target <store>", "bundled, the path of an executable, or docker:IMAGE (default: the scenario's)")
    .option("--compose <file>", "the image and the directives of a service in a compose file")
    .option("--service <name>", "which one (default: the only one)")
    .option("--preset <name>", "run with this config; may be given several times", collected)
    .option("--seed <text>", "draw all choices from it (default: a new one, printed)", seedText)
    .option("--runs <n>", "cycles with each preset: kills, or recordings of power cuts", wholeNumber)
    .option("--time <length>", "how long with each preset, like 60s", lengthOfTimeMs)
    .option("--jobs <n>", "stores at a time", wholeNumber, availableParallelism())
    .option("--model <name>", "of power cuts: what the disk may keep; may be given several times", modelNames)
    .option("--filesystem <name>", "of power cuts: on a real ext4, xfs or btrfs on a recorded disk", filesystemName)
    .option("--chain <n>", "crashes in a row, each on what the one before left", wholeNumber)
    .option("--shard <i/n>", "play only the cycles of machine i of n; needs --seed", shardField)
    .option("--reporter <name[=file]>", `${reporterNames}; may be given several times`, collected)
    .option("--out <dir>", "where results are kept", "results")
    .option("--retain <n>", "keep only the newest n results of what was run", wholeNumber)
    .option("--json", "the outcome on stdout, and nothing else there")
    .option("--max-failures <n>", "end after so many violated cycles", wholeNumber)
    .option("--keep", "leave the stores' folders behind, to look at them");
}
