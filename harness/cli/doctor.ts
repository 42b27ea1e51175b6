/** `lossbound doctor`: what this machine can do, what it cannot, and what to do about it. */
import type { Command } from "commander";
import { paintOf, wantsColour } from "../../reports/paint.ts";
import { harmless, inTime } from "../../reports/words.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import { type Check, checkMachine } from "./machine.ts";
import type { Surroundings } from "./surroundings.ts";
import { measureSyncs, type SyncTimes } from "./sync-times.ts";
import type { Verb } from "./verb.ts";

/** Without these nothing works at all. */
const indispensable = ["node", "temporary folder"];

interface DoctorOptions {
  readonly disk?: string;
  readonly json?: true;
}

export const doctor: Verb = {
  name: "doctor",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("doctor")
      .summary("what this machine can do")
      .description("Looks at what this machine can do, and says how to get what is missing. Changes nothing.")
      .option("--disk <dir>", "also measure how long a sync takes in this folder")
      .option("--json", "as one JSON object")
      .addHelpText("after", examples)
      .action(async (options: DoctorOptions) => {
        const checks = await checkMachine();
        const disk = options.disk === undefined ? undefined : measured(options.disk);
        const { out } = surroundings;
        if (options.json) out.stream.write(`${JSON.stringify({ checks, ...(disk && { disk }) }, null, 2)}\n`);
        else out.stream.write([...checks.map(shown(surroundings)), ...diskLines(disk)].join("\n").concat("\n"));
        const lacks = checks.some(({ name, state }) => state === "missing" && indispensable.includes(name));
        ends(lacks ? exitCodes.unable : exitCodes.held);
      });
  },
};

const examples = `
Examples:
  lossbound doctor                                       what is there, what is missing, and how to get it
  lossbound doctor --disk /var/lib/redis                 how long a sync takes there, ready for a scenario
`;

type Disk = SyncTimes & { readonly folder: string };

function measured(folder: string): Disk {
  try {
    return { folder, ...measureSyncs(folder) };
  } catch (error) {
    throw new Exit(exitCodes.usage, `the disk below ${folder} cannot be measured: ${(error as Error).message}`);
  }
}

function shown({ out, environment }: Surroundings): (check: Check) => string {
  const paint = paintOf(wantsColour(environment, out.isTerminal));
  const signs = { ok: paint.green("✓"), limited: paint.yellow("!"), missing: paint.yellow("–") };
  return ({ name, state, found, neededFor, remedy }) => {
    const first = `${signs[state]} ${name.padEnd(17)} ${harmless(found)}`;
    const second = `  ${" ".repeat(17)} ${paint.dim(`for ${neededFor}`)}`;
    const third = `  ${" ".repeat(17)} ${remedy}`;
    return [first, ...(state === "ok" ? [] : [second, third])].join("\n");
  };
}

function diskLines(disk: Disk | undefined): string[] {
  if (disk === undefined) return [];
  const { folder, syncs, msMedian, msP99, msMax, delays } = disk;
  const buckets = delays.buckets.map(({ toMs, count }) => `{ toMs: ${toMs}, count: ${count} }`).join(", ");
  const times = `median ${inTime(msMedian)}, 99 % within ${inTime(msP99)}, slowest ${inTime(msMax)}`;
  return [
    `  ${"a sync here takes".padEnd(17)} ${times} (${syncs} syncs of a page in ${harmless(folder)})`,
    `  ${"in a scenario".padEnd(17)} delays: { kind: histogram, buckets: [${buckets}] }`,
  ];
}
