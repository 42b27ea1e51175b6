/** `lossbound list`: what there is, a line each. */
import { Argument, type Command } from "commander";
import { paintOf, wantsColour } from "../../reports/paint.ts";
import { reporters } from "../../reports/reporters.ts";
import { wrapped } from "../../reports/words.ts";
import type { Catalogue } from "../../scenarios/catalogue.ts";
import { diskTroubles } from "../../scenarios/disk-fault.ts";
import { triggers } from "../../scenarios/scenario.ts";
import { hint } from "../../scenarios/suggest.ts";
import { confirmedInWords, modelConfirmedOn } from "../block/calibration/confirmations.ts";
import { diskModels } from "../disk/disk-models.ts";
import { checkers } from "../oracle/checkers.ts";
import { targetTypes } from "../targets/targets.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface Entry {
  readonly name: string;
  readonly what: string;
}

/** Each kind of thing, with how it is used. */
const kinds: Readonly<
  Record<string, { readonly use: string; readonly entries: (catalogue: Catalogue) => Entry[] | Promise<Entry[]> }>
> = {
  groups: {
    use: "lossbound run NAME",
    entries: (catalogue) => catalogue.groupNames().map((name) => entry(name, catalogue.group(name).value.why)),
  },
  scenarios: {
    use: "lossbound run NAME",
    entries: (catalogue) => catalogue.scenarioNames().map((name) => entry(name, catalogue.scenario(name).value.why)),
  },
  claims: {
    use: "lossbound run NAME, or all: lossbound run claims",
    entries: (catalogue) => catalogue.claimNames().map((name) => entry(name, catalogue.claim(name).value.said)),
  },
  presets: {
    use: "--preset NAME",
    entries: (catalogue) => catalogue.presetNames().map((name) => entry(name, catalogue.preset(name).why)),
  },
  targets: {
    use: "--target NAME",
    entries: () => targetTypes.map(({ form, about }) => entry(form, about)),
  },
  faults: {
    use: "fault: in a scenario",
    entries: () => [
      ...triggers.map(({ name, what }) => entry(`kill, ${name}`, what)),
      ...diskTroubles.map(({ name, what }) => entry(`disk-fault, ${name}`, what)),
      entry("backup", "A backup is taken, and on the way it dies, or the store does: is what claims to be whole?"),
      entry("power-cut", "The power goes, at every moment of one recorded run and under every disk model."),
    ],
  },
  models: {
    use: "--model NAME",
    entries: () =>
      diskModels.map(({ name, grade, summary }) =>
        entry(`${name} (${grade})`, `${summary} (${confirmedInWords(modelConfirmedOn(name))})`),
      ),
  },
  checkers: {
    use: "every crash state is asked by all of them",
    entries: () => checkers.map(({ name, question }) => entry(name, question)),
  },
  planted: {
    use: "--target planted:NAME",
    // Only who asks for bugs needs the server's parts in this process.
    entries: async () => (await import("../planted/planted.ts")).plantedBugs.map(({ name, what }) => entry(name, what)),
  },
  reporters: {
    use: "--reporter NAME[=FILE]",
    entries: () => reporters.map(({ name, what }) => entry(name, what)),
  },
};

export const list: Verb = {
  name: "list",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("list")
      .summary("what there is: scenarios, presets, targets …")
      .description("Lists what there is, a line each.")
      .addArgument(new Argument("[what]", `one of ${Object.keys(kinds).join(", ")}; none: all of them`))
      .option("--json", "as one JSON object, a list for each kind")
      .addHelpText("after", examples)
      .action(async (what: string | undefined, { json }: { readonly json?: true }) => {
        if (what !== undefined && !Object.hasOwn(kinds, what)) {
          throw new Exit(exitCodes.usage, `there is nothing called ${what} to list: ${hint(what, Object.keys(kinds))}`);
        }
        const wanted = what === undefined ? Object.keys(kinds) : [what];
        const { catalogue } = surroundings;
        const found = await Promise.all(wanted.map(async (name) => ({ name, ...(await section(name, catalogue)) })));
        const { out } = surroundings;
        if (json) {
          const document = Object.fromEntries(found.map(({ name, entries }) => [name, entries]));
          out.stream.write(`${JSON.stringify(document, null, 2)}\n`);
        } else out.stream.write(found.map((each) => shown(each, surroundings)).join("\n"));
        ends(exitCodes.held);
      });
  },
};

const examples = `
Examples:
  lossbound list                                         everything
  lossbound list scenarios                               what can be run
  lossbound list presets --json                          for a script
`;

async function section(name: string, catalogue: Catalogue): Promise<{ use: string; entries: Entry[] }> {
  const kind = kinds[name];
  if (kind === undefined) throw new Error(`no section ${name}`);
  return { use: kind.use, entries: await kind.entries(catalogue) };
}

function shown(
  { name, use, entries }: { name: string; use: string; entries: readonly Entry[] },
  { out, environment }: Surroundings,
): string {
  const paint = paintOf(wantsColour(environment, out.isTerminal));
  const width = Math.max(...entries.map((each) => each.name.length));
  const indent = " ".repeat(width + 4);
  const lines = entries.flatMap((each) => {
    const [first = "", ...rest] = wrapped(each.what, Math.max(40, Math.min(out.columns, 120) - indent.length));
    return [`  ${each.name.padEnd(width)}  ${first}`, ...rest.map((line) => indent + line)];
  });
  return `${paint.bold(name)}  ${paint.dim(use)}\n${lines.join("\n")}\n`;
}

/** The first sentence says what it is; the rest is for whoever opens the file. */
function entry(name: string, why: string): Entry {
  const [first = ""] = why
    .replace(/\s+/g, " ")
    .trim()
    .split(/(?<=\.) /);
  return { name, what: first };
}
