/**
 * `lossbound selftest`: the harness against its planted bugs (N3). Every bug must be found under its name, by a scenario
 * that ships, on seeds drawn now; and the same scenarios must find nothing on the correct store. Otherwise what this
 * harness says of any store is worth little.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import type { Command } from "commander";
import { paintOf, wantsColour } from "../../reports/paint.ts";
import { counted, inTime } from "../../reports/words.ts";
import { type Hunt, type HuntingGround, hunt, huntNothing } from "../planted/hunt.ts";
import type { FoundBy, PlantedBug } from "../planted/planted-bug.ts";
import { type ExitCode, exitCodes } from "./exit.ts";
import { seedText, wholeNumber } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface SelftestOptions {
  readonly seeds: number;
  readonly seed?: string;
  readonly jobs: number;
  readonly beside?: string;
  readonly besideSeeds?: number;
  readonly correctSeeds?: number;
  readonly json?: true;
}

/** Seeds on which the scenario beside finds nothing before it is given up. */
const missesMax = 2;

/** `lossbound selftest --json`. */
export interface SelftestReport {
  readonly planted: number;
  readonly found: number;
  readonly bugs: readonly {
    readonly name: string;
    /** By all that hunted for it, on every seed, and each is silent on the correct store. */
    readonly found: boolean;
    /** As the quickest of them names it. */
    readonly kind: string;
    /** Of the quickest, over the seeds on which it was found; null where there is none. */
    readonly medianMs: number | null;
    readonly hunts: readonly HuntReport[];
  }[];
}

/** One scenario after one bug, on all seeds. */
export interface HuntReport {
  readonly where: FoundBy["where"];
  readonly scenario: string;
  readonly preset: string;
  readonly kind: string;
  readonly seeds: number;
  readonly found: number;
  readonly medianMs: number | null;
  /** Judged until it was found: kills, or states that a power cut may leave. */
  readonly medianCrashStates: number | null;
  /** The scenario that hunted beside, for comparison. */
  readonly beside?: {
    readonly scenario: string;
    readonly seeds: number;
    readonly found: number;
    readonly medianMs: number | null;
  };
}

export const selftest: Verb = {
  name: "selftest",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("selftest")
      .summary("the harness against bugs planted in the bundled store")
      .description(
        "Plants bugs in the bundled store, and lets the scenarios that ship find them, each under its name. The same scenarios must find nothing in the correct store.",
      )
      .argument("[bug...]", "names of planted bugs (default: all of them)")
      .option("--seeds <n>", "hunt each bug so often, with another seed each time", wholeNumber, 1)
      .option("--seed <text>", "draw the seeds from it (default: a new one, printed)", seedText)
      .option("--jobs <n>", "cycles at a time", wholeNumber, availableParallelism())
      .option("--beside <scenario>", "hunt each bug with this scenario too, for comparison: kill/random")
      .option(
        "--beside-seeds <n>",
        "on so many of the seeds (default: all; given up after two without a finding)",
        wholeNumber,
      )
      .option("--correct-seeds <n>", "ask the correct store on so many of the seeds (default: all)", wholeNumber)
      .option("--json", "the result on stdout, and nothing else there")
      .addHelpText("after", examples)
      .action(async (names: string[], options: SelftestOptions) => {
        const { plantedBug, plantedBugs } = await import("../planted/planted.ts");
        const bugs = names.length > 0 ? names.map(plantedBug) : plantedBugs;
        ends(await new Selftest(bugs, options, surroundings).run());
      });
  },
};

const examples = `
Examples:
  lossbound selftest                                     every bug once
  lossbound selftest reply-before-log --seeds 20 --json
  lossbound selftest --seeds 20 --correct-seeds 2        the correct store on two of them: it uses up every budget
  lossbound selftest --seeds 20 --beside kill/random     beside random kills: hours

Exit codes: 0 all found, 1 one was not
`;

class Selftest {
  private readonly bugs: readonly PlantedBug[];
  private readonly options: SelftestOptions;
  private readonly around: Surroundings;
  private readonly lines: NodeJS.WritableStream;
  private readonly seeds: readonly string[];
  private readonly nameWidth: number;
  private readonly wasCompared = new Set<string>();
  private isInconclusive = false;

  constructor(bugs: readonly PlantedBug[], options: SelftestOptions, around: Surroundings) {
    this.bugs = bugs;
    this.options = options;
    this.around = around;
    this.lines = (options.json ? around.err : around.out).stream;
    const seed = options.seed ?? randomBytes(6).toString("hex");
    this.seeds = Array.from({ length: options.seeds }, (_, index) => (index === 0 ? seed : `${seed}.${index}`));
    this.nameWidth = Math.max(...bugs.map(({ name }) => name.length));
    // A name that is not there is told before anything is started.
    if (options.beside !== undefined) around.catalogue.scenario(options.beside);
  }

  async run(): Promise<ExitCode> {
    const bundlesDir = mkdtempSync(path.join(tmpdir(), "lossbound-selftest-"));
    try {
      return await this.runWith({
        catalogue: this.around.catalogue,
        runScenario: this.around.runScenario,
        jobs: this.options.jobs,
        bundlesDir,
        signal: this.around.interruption,
      });
    } finally {
      rmSync(bundlesDir, { recursive: true, force: true });
    }
  }

  private async runWith(ground: HuntingGround): Promise<ExitCode> {
    const { bugs, seeds } = this;
    this.say(`${counted(bugs.length, "planted bug")}, ${counted(seeds.length, "seed")} each, from seed ${seeds[0]}`);
    const loud = await this.askTheCorrectStore(ground);
    const rows: SelftestReport["bugs"][number][] = [];
    for (const bug of bugs) {
      if (ground.signal.aborted) break;
      rows.push(await this.huntFor(bug, loud, ground));
    }
    const report: SelftestReport = {
      planted: bugs.length,
      found: rows.filter(({ found }) => found).length,
      bugs: rows,
    };
    if (this.options.json) this.around.out.stream.write(`${JSON.stringify(report, null, 2)}\n`);
    else this.say(`found ${report.found} of ${report.planted}`);
    if (ground.signal.aborted) return exitCodes.interrupted;
    if (report.found < report.planted) return exitCodes.violated;
    return this.isInconclusive ? exitCodes.inconclusive : exitCodes.held;
  }

  /** The pairs that are not silent there: what they find proves nothing. */
  private async askTheCorrectStore(ground: HuntingGround): Promise<ReadonlySet<string>> {
    const loud = new Set<string>();
    const seeds = this.seeds.slice(0, this.options.correctSeeds);
    const pairs = new Map(this.bugs.flatMap(({ foundBy }) => foundBy.map((by) => [nameOf(by), by])));
    for (const [name, by] of pairs) {
      for (const seed of seeds) {
        if (ground.signal.aborted) break;
        const run = await huntNothing(by, seed, ground);
        if (run.verdict === "held") continue;
        // Too little load to judge is no false alarm, but it is no silence either.
        if (run.verdict === "violated") loud.add(name);
        else this.isInconclusive = true;
        const why = run.why ?? run.findings.map(({ message }) => message).join("; ");
        this.say(`${this.sign(false)} ${name}: ${run.verdict} on the correct store, seed ${seed}: ${why}`);
      }
    }
    const silent = `${pairs.size - loud.size} of ${pairs.size} pairs`;
    const share = seeds.length < this.seeds.length ? `, asked on ${seeds.length} of ${this.seeds.length} seeds` : "";
    this.say(`${this.sign(loud.size === 0)} no false alarm on the correct store: ${silent}${share}`);
    return loud;
  }

  private async huntFor(bug: PlantedBug, loud: ReadonlySet<string>, ground: HuntingGround) {
    const hunts: HuntReport[] = [];
    for (const by of bug.foundBy) hunts.push(await this.huntBy(bug, by, loud, ground));
    const [{ kind }] = bug.foundBy;
    const found = hunts.every((each) => each.found === each.seeds);
    return { name: bug.name, found, kind, medianMs: hunts[0]?.medianMs ?? null, hunts };
  }

  private async huntBy(bug: PlantedBug, by: FoundBy, loud: ReadonlySet<string>, ground: HuntingGround) {
    const hunts = await this.huntAll(bug, by, ground);
    const found = loud.has(nameOf(by)) ? [] : hunts.filter((each) => each.found);
    const { where, scenario, preset, kind } = by;
    const report: HuntReport = {
      where,
      scenario,
      preset,
      kind,
      seeds: this.seeds.length,
      found: found.length,
      medianMs: medianOf(found.map(({ tookMs }) => Math.round(tookMs))),
      medianCrashStates: medianOf(found.map(({ crashStates }) => crashStates)),
    };
    const { beside, told } = await this.compared(bug, ground);
    const missing = hunts.some((each) => !each.found) ? `  ${describeMisses(hunts)}` : "";
    const name = bug.name.padEnd(this.nameWidth);
    const took = report.medianMs === null ? "–" : inTime(report.medianMs).padEnd(7);
    const states = counted(report.medianCrashStates ?? 0, "crash state").padEnd(18);
    const sign = this.sign(report.found === report.seeds);
    this.say(`${sign} ${name}  ${kind.padEnd(19)}  ${nameOf(by).padEnd(50)}  ${took}  ${states}${missing}${told}`);
    return { ...report, ...(beside !== undefined && { beside }) };
  }

  private async huntAll(bug: PlantedBug, by: FoundBy, ground: HuntingGround): Promise<Hunt[]> {
    const hunts: Hunt[] = [];
    for (const seed of this.seeds) {
      if (!ground.signal.aborted) hunts.push(await hunt(bug, by, seed, ground));
    }
    return hunts;
  }

  /** Once for each bug: whoever hunts first is told beside it how the other did. */
  private async compared(bug: PlantedBug, ground: HuntingGround) {
    const { beside: scenario } = this.options;
    if (scenario === undefined || this.wasCompared.has(bug.name)) return { told: "" };
    this.wasCompared.add(bug.name);
    const [first] = bug.foundBy;
    const { suits } = ground.catalogue.scenario(scenario).value;
    if (suits.presets?.includes(first.preset) === false) return { told: `  ${scenario}: does not suit` };
    const where = suits.volumes.includes("directory") ? "process" : first.where;
    const hunts: Hunt[] = [];
    for (const seed of this.seeds.slice(0, this.options.besideSeeds)) {
      // Each miss uses up a whole budget; what finds nothing twice is not asked twenty times.
      if (ground.signal.aborted || (hunts.length >= missesMax && hunts.every((each) => !each.found))) break;
      hunts.push(await hunt(bug, { ...first, where, scenario }, seed, ground));
    }
    const found = hunts.filter((each) => each.found);
    const medianMs = medianOf(found.map(({ tookMs }) => Math.round(tookMs)));
    const told = `  ${scenario}: ${found.length} of ${hunts.length}${medianMs === null ? "" : `, ${inTime(medianMs)}`}`;
    return { beside: { scenario, seeds: hunts.length, found: found.length, medianMs }, told };
  }

  private sign(good: boolean): string {
    const channel = this.options.json ? this.around.err : this.around.out;
    const paint = paintOf(wantsColour(this.around.environment, channel.isTerminal));
    return good ? paint.green("✓") : paint.red("✗");
  }

  private say(line: string): void {
    this.lines.write(`${line}\n`);
  }
}

function nameOf({ where, scenario, preset }: FoundBy): string {
  return `${scenario} · ${preset}${where === "simulated" && !scenario.startsWith("simulated/") ? " · simulated" : ""}`;
}

function medianOf(values: readonly number[]): number | null {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? null;
}

function describeMisses(hunts: readonly Hunt[]): string {
  const missed = hunts.filter(({ found }) => !found);
  const others = new Set(missed.flatMap((each) => each.others));
  const cycles = missed.reduce((sum, each) => sum + each.cycles, 0);
  const instead = others.size === 0 ? "nothing" : [...others].join(", ");
  return `not found on ${missed.length} of ${counted(hunts.length, "seed")}, ${counted(cycles, "cycle")}: ${instead} instead`;
}
