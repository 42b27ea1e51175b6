/**
 * `lossbound explore`: pulls the plug at every moment of one recorded run. The run is recorded anew, or opened when it was
 * kept by an earlier exploration; the rest is what `lossbound run` does with a scenario whose fault is a power cut.
 */
import type { Command } from "commander";
import { BadRecording, isRecording, planOfRecording } from "../explore/recorded-process.ts";
import { isPowerCut } from "../explore.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { runAll, type Wish } from "./run-all.ts";
import { addRunOptions, type RunOptions } from "./run-options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

export const explore: Verb = {
  name: "explore",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    const command = program
      .command("explore")
      .summary("record one run, cut its power at every moment")
      .description(
        "Records one run of a store on a disk that remembers everything, or opens a recording that was kept, and judges what every power cut would have left: at every moment, under every disk model.",
      )
      .argument("<scenario|recording>", "a scenario whose fault is a power cut, or a folder NAME.recording");
    addRunOptions(command)
      .addHelpText("after", examples)
      .action(async (what: string, options: RunOptions) => {
        ends(await runAll([what], options, surroundings, wishOf(what, surroundings)));
      });
  },
};

const examples = `
Examples:
  lossbound explore power-cut/always --target /usr/bin/redis-server --preset always
  lossbound explore power-cut/everysec --model ordered --model torn --time 2m
  lossbound explore power-cut/always --filesystem ext4 --reporter html=explored.html
  lossbound explore results/latest/bundles/power-cut-always-1.recording
`;

/** A recording names its scenario, its preset and its store; a scenario must be one that can be explored. */
function wishOf(what: string, { catalogue }: Surroundings): Wish {
  if (isRecording(what)) return ofRecording(what);
  const { value, problemAt } = catalogue.scenario(what);
  if (isPowerCut(value)) return { keepRecordings: true };
  const problem = problemAt(["fault"], `only power cuts can be explored, and ${value.name} is a ${value.fault.kind}`);
  throw new Exit(exitCodes.usage, problem.message);
}

function ofRecording(recording: string): Wish {
  try {
    const { plan, ...where } = planOfRecording(recording);
    return { recording, names: [plan.scenario], presets: [plan.preset], seed: plan.seed, ...where };
  } catch (error) {
    if (error instanceof BadRecording || error instanceof SyntaxError) throw new Exit(exitCodes.usage, error.message);
    throw error;
  }
}
