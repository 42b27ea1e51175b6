/**
 * `lossbound calibrate`: the laws of the disk models against ext4, xfs and btrfs (N6). A table of laws and one of models;
 * `--json` is what `confirmations.ts` is made from.
 *
 *     law                                                    ext4          xfs           btrfs
 *     L1   a sync makes durable what was written …           kept   248    kept   178    kept   477
 *     L6   any finished sync makes all earlier metadata …    kept   155    kept    94    broken 275 of 354
 */
import { rmSync } from "node:fs";
import type { Command } from "commander";
import { type Paint, paintOf, wantsColour } from "../../reports/paint.ts";
import { counted, wrapped } from "../../reports/words.ts";
import { type Calibration, calibrate as calibrateOne } from "../block/calibration/calibrate.ts";
import { type LawVerdict, questions } from "../block/calibration/questions.ts";
import { type FilesystemName, filesystemNames, filesystems } from "../block/filesystems.ts";
import { laws } from "../disk/disk-model.ts";
import { diskModels } from "../disk/disk-models.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import { RunFolder } from "../run-folder.ts";
import { sweep } from "../sweep.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { filesystemName, seedText } from "./options.ts";
import { drawSeed } from "./run-all.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface CalibrateOptions {
  readonly filesystem?: readonly FilesystemName[];
  readonly seed?: string;
  readonly json?: true;
}

/** `lossbound calibrate --json`. */
export interface CalibrationReport {
  readonly seed: string;
  readonly calibrations: readonly Calibration[];
  readonly unable: readonly { readonly filesystem: FilesystemName; readonly reason: string }[];
}

/** No disk that is honest breaks these. One that does loses what it has promised. */
const honesty = ["L1", "L4", "L5", "L8"] as const;

export const calibrate: Verb = {
  name: "calibrate",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("calibrate")
      .summary("hold the disk models against real file systems")
      .description(
        "Puts ext4, xfs and btrfs through drills on a recorded disk, cuts that disk wherever it can be cut, mounts what is left, and tells for each law and each disk model whether that file system does it. Needs root and loop devices; takes about two minutes.",
      )
      .option("--filesystem <name>", "only this one; may be given several times", collectedFilesystems)
      .option("--seed <text>", "draw the cuts from it (default: a new one, printed)", seedText)
      .option("--json", "as one JSON object, and nothing else on stdout")
      .addHelpText("after", "\nExamples:\n  lossbound calibrate\n  lossbound calibrate --filesystem xfs --json\n")
      .action(async (options: CalibrateOptions) => {
        const report = await calibrateAll(options, surroundings);
        const { out, environment } = surroundings;
        const paint = paintOf(wantsColour(environment, out.isTerminal));
        const { columns } = out;
        out.stream.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : shown(report, paint, columns));
        ends(codeOf(report, surroundings.interruption.aborted));
      });
  },
};

function collectedFilesystems(text: string, before: readonly FilesystemName[] | undefined): FilesystemName[] {
  return [...(before ?? []), filesystemName(text)];
}

async function calibrateAll(
  options: CalibrateOptions,
  { err, interruption }: Surroundings,
): Promise<CalibrationReport> {
  const seed = options.seed ?? drawSeed();
  err.stream.write(`calibrate  seed ${seed}\n`);
  await sweep();
  const calibrations: Calibration[] = [];
  const unable: CalibrationReport["unable"][number][] = [];
  const run = new RunFolder();
  try {
    for (const name of options.filesystem ?? filesystemNames) {
      if (interruption.aborted) break;
      const drillEnded = (drill: { readonly name: string }, sightings: number) =>
        err.stream.write(`  ${name}  ${drill.name}: ${counted(sightings, "power cut")}\n`);
      try {
        calibrations.push(await calibrateOne(filesystems[name], { run, seed, signal: interruption, drillEnded }));
      } catch (error) {
        if (!(error instanceof VolumeUnavailable)) throw error;
        unable.push({ filesystem: name, reason: error.message });
      }
    }
  } finally {
    await run.dispose();
    rmSync(run.dir, { recursive: true, force: true });
  }
  return { seed, calibrations, unable };
}

function codeOf({ calibrations, unable }: CalibrationReport, interrupted: boolean): ExitCode {
  if (interrupted) return exitCodes.interrupted;
  if (
    calibrations.some(({ laws: found }) => honesty.some((id) => (found[id]?.asked ?? 0) > 0 && !found[id]?.confirmed))
  )
    return exitCodes.violated;
  return unable.length > 0 ? exitCodes.unable : exitCodes.held;
}

// ── As text ───────────────────────────────────────────────────────────────────────────────────────────────────────

const cellWidth = 20;

function shown({ calibrations, unable }: CalibrationReport, paint: Paint, columns: number): string {
  const textWidth = Math.max(30, Math.min(columns, 120) - 5 - cellWidth * calibrations.length);
  const heading = (what: string) =>
    paint.bold(
      `${what.padEnd(textWidth + 5)}${calibrations.map((each) => each.filesystem.padEnd(cellWidth)).join("")}`,
    );
  const row = (name: string, text: string, cells: readonly string[]): string[] => {
    const [first = "", ...rest] = wrapped(text, textWidth - 1);
    const filled = cells.map((cell) => cell.padEnd(cellWidth)).join("");
    return [`${name.padEnd(5)}${first.padEnd(textWidth)}${filled}`.trimEnd(), ...rest.map((line) => `     ${line}`)];
  };
  const lawRows = questions.flatMap(({ law, kind }) =>
    row(
      law,
      laws[law],
      calibrations.map(({ laws: found }) => inWords(kind, found[law])),
    ),
  );
  const modelRows = diskModels.flatMap(({ name, grade, summary }) =>
    row(
      "",
      `${name} (${grade}): ${summary}`,
      calibrations.map(({ models }) => ((models[name] ?? 0) > 0 ? `seen ${models[name]}` : "not seen")),
    ),
  );
  const tables = calibrations.length === 0 ? [] : [heading("law"), ...lawRows, "", heading("model"), ...modelRows, ""];
  return `${[...tables, ...calibrations.flatMap(notes), ...unable.map(({ reason }) => reason)].join("\n")}\n`;
}

function inWords(kind: "binds" | "permits", verdict: LawVerdict | undefined): string {
  if (verdict === undefined || verdict.asked === 0) return "not at stake";
  const { asked, decisive } = verdict;
  if (kind === "binds") return decisive === 0 ? `kept ${asked}` : `broken ${decisive} of ${asked}`;
  return decisive === 0 ? "not seen" : `seen ${decisive} of ${asked}`;
}

function notes({ filesystem, kernel, mountOptions, sightings, notMountable, unexplained }: Calibration): string[] {
  const odd = Object.entries(unexplained).map(([drill, count]) => `${count} in the drill “${drill}”`);
  return [
    `${filesystem}: ${counted(sightings, "power cut")}, Linux ${kernel}, mounted with ${mountOptions}`,
    ...(notMountable > 0 ? [`  after ${counted(notMountable, "power cut")} it could not be mounted`] : []),
    ...(odd.length > 0 ? [`  what no model admits: ${odd.join(", ")}`] : []),
  ];
}
