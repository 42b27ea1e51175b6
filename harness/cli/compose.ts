/**
 * `--compose FILE --service NAME`: the block that somebody deploys becomes a preset and a target.
 *
 *     image      docker:IMAGE where an engine answers and every scenario can be run on a container; else the same store on
 *                this machine, an executable or the one that ships, and it is told that this is not the image
 *     command    a preset, `compose-NAME`, that promises what the row of the contract promises to which its flags belong
 */
import type { Catalogue } from "../../scenarios/catalogue.ts";
import { type ComposeService, readCompose } from "../../scenarios/compose.ts";
import type { Preset, PromiseRow } from "../../scenarios/preset.ts";
import { lastValue, savePointsOf } from "../targets/config-file.ts";
import { findExecutable } from "../targets/executable.ts";
import { Exit, exitCodes } from "./exit.ts";
import type { RunOptions } from "./run-options.ts";
import type { Surroundings } from "./surroundings.ts";

export interface ComposeWish {
  readonly preset: Preset;
  readonly target: string;
}

/** Undefined without `--compose`. @throws BadFile, Exit, TargetUnavailable */
export async function composeWish(
  names: readonly string[],
  { compose, service, preset: other, target }: RunOptions,
  { catalogue, environment, err }: Surroundings,
): Promise<ComposeWish | undefined> {
  if (compose === undefined) {
    if (service !== undefined)
      throw new Exit(exitCodes.usage, "--service is of a compose file: --compose FILE names it");
    return undefined;
  }
  if (other !== undefined)
    throw new Exit(exitCodes.usage, "--compose brings its own config: --preset cannot be given with it");
  const found = readCompose(compose, service, environment);
  const preset = presetOf(found, catalogue);
  catalogue.add(preset);
  const wish = { preset, target: target ?? (await targetOf(found, names, catalogue)) };
  err.stream.write(`${told(found, wish).join("\n")}\n`);
  return wish;
}

function presetOf({ file, service, image, directives }: ComposeService, catalogue: Catalogue): Preset {
  const row = rowOf(directives);
  const { promise } = catalogue.preset(row);
  return {
    name: `compose-${service.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`,
    why: `The service ${service} of ${file}, image ${image}.`,
    targets: ["bundled", "executable", "container", "simulated"],
    directives,
    promise,
  };
}

/** Which row of the durability contract a config belongs to. What it leaves out is as the store has it by default. */
export function rowOf(directives: Preset["directives"]): PromiseRow {
  if (lastValue(directives, "appendonly") === "yes") {
    const sync = lastValue(directives, "appendfsync") ?? "everysec";
    if (sync === "always") return "always";
    if (sync === "no") return "os-decides";
    return lastValue(directives, "no-appendfsync-on-rewrite") === "yes" ? "everysec-no-fsync-on-rewrite" : "everysec";
  }
  const saves = directives.some(([name]) => name === "save");
  return saves && savePointsOf(directives).length === 0 ? "none" : "rdb-only";
}

async function targetOf(
  { image, program }: ComposeService,
  names: readonly string[],
  catalogue: Catalogue,
): Promise<string> {
  const { hasEngine } = await import("../targets/container-engine.ts");
  if (suitContainers(names, catalogue) && (await hasEngine())) return `docker:${image}`;
  const executable = executableOf(image, program);
  return executable === "lossbound-server" ? "bundled" : findExecutable(executable);
}

/** Of `valkey/valkey:8.1` the executable is valkey-server. */
function executableOf(image: string, program: string | undefined): string {
  const name = image.replace(/[:@].*$/, "").replace(/^.*\//, "");
  if (program !== undefined) return program;
  if (name === "lossbound-server") return name;
  return name.includes("valkey") ? "valkey-server" : "redis-server";
}

/** Groups may hold what no container can do; that is then left out of them. */
function suitContainers(names: readonly string[], catalogue: Catalogue): boolean {
  return names.every(
    (name) =>
      catalogue.groupNames().includes(name) || catalogue.scenario(name).value.suits.targets.includes("container"),
  );
}

function told(
  { file, service, image, directives, leftOut }: ComposeService,
  { preset, target }: ComposeWish,
): string[] {
  const flags = directives.map(([name, ...values]) => `--${name} ${values.map(quoted).join(" ")}`);
  const isImage = target === `docker:${image}`;
  return [
    `compose: ${service} of ${file}, image ${image}`,
    `  ${flags.length === 0 ? "no flags: the store's own defaults" : flags.join(" ")}`,
    `  judged as ${preset.promise.row}${leftOut.length === 0 ? "" : `; left out: ${leftOut.join(", ")}`}`,
    ...(isImage ? [] : [`  the image itself is not run: its flags are applied to ${target}`]),
  ];
}

const quoted = (value: string): string => (/^[^\s"]+$/.test(value) ? value : JSON.stringify(value));
