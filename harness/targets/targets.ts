/**
 * The table of targets: what the word behind `--target` means.
 *
 *     bundled               the store that ships with lossbound
 *     planted:BUG           the same with a bug planted in it: what a finding looks like, and whether it is found
 *     simulated             the same, in a world that is drawn from a seed
 *     simulated:BUG         the same with a bug planted in it
 *     FILE.target.yaml      a store that is started in a way of its own, described in a file
 *     docker:IMAGE          a container
 *     PATH                  any executable that is started as redis-server is: PATH CONFFILE
 */
import type { RunFolder } from "../run-folder.ts";
import { bundledTarget } from "./bundled.ts";
import { findExecutable } from "./executable.ts";
import { ProcessTarget, processDefaults } from "./process.ts";
import type { Spawn } from "./spawn.ts";
import type { Target, TargetKind } from "./target.ts";
import { fileTarget } from "./target-file.ts";

interface TargetType {
  /** As `lossbound list targets` shows it. */
  readonly form: string;
  readonly kind: TargetKind;
  readonly about: string;
  matches(name: string): boolean;
  /** @throws TargetUnavailable, BadFile, UnknownName */
  open(name: string, run: RunFolder, spawn?: Spawn): Target | Promise<Target>;
}

/** In order: the first that matches. */
export const targetTypes: readonly TargetType[] = [
  {
    form: "bundled",
    kind: "bundled",
    about: "the store that ships with lossbound",
    matches: (name) => name === "bundled",
    open: (_, run, spawn) => bundledTarget(run, spawn),
  },
  {
    form: "planted:BUG",
    kind: "bundled",
    about: "the bundled store with a bug planted in it, see lossbound list planted",
    matches: (name) => name.startsWith("planted:"),
    // Only who asks for a bug needs the server's parts in this process.
    open: async (name, run, spawn) =>
      (await import("./planted.ts")).plantedTarget(name.slice("planted:".length), run, spawn),
  },
  {
    form: "simulated",
    kind: "simulated",
    about:
      "the same store in a world that is drawn from a seed: disk, clock, net and savers; only its power can be cut",
    matches: (name) => name === "simulated",
    // The store's own code: only who asks for it waits until it is loaded.
    open: async () => new (await import("../simulated/simulated-target.ts")).SimulatedTarget(),
  },
  {
    form: "simulated:BUG",
    kind: "simulated",
    about: "the same with a bug planted in it",
    matches: (name) => name.startsWith("simulated:"),
    open: async (name) => (await import("./planted.ts")).simulatedPlantedTarget(name.slice("simulated:".length)),
  },
  {
    form: "docker:IMAGE",
    kind: "container",
    about: "a container of a local image, killed from outside",
    matches: (name) => name.startsWith("docker:"),
    // Loading the library takes a second: only who asks for a container waits for it.
    open: async (name, run, spawn) =>
      (await import("./container.ts")).openContainerTarget(name.slice("docker:".length), run, spawn),
  },
  {
    form: "FILE.target.yaml",
    kind: "executable",
    about: "a store that is started in a way of its own, described in a file",
    matches: (name) => /\.target\.ya?ml$/.test(name),
    open: fileTarget,
  },
  {
    form: "PATH",
    kind: "executable",
    about: "any executable that is started as redis-server is: PATH CONFFILE",
    matches: () => true,
    open: executableTarget,
  },
];

/** What kind of store a word means, without looking whether it is there. */
export function targetKindOf(name: string): TargetKind {
  return typeOf(name).kind;
}

/**
 * @param spawn who starts its processes; absent: this one.
 * @throws TargetUnavailable, BadFile, UnknownName
 */
export async function openTarget(name: string, run: RunFolder, spawn?: Spawn): Promise<Target> {
  return typeOf(name).open(name, run, spawn);
}

function typeOf(name: string): TargetType {
  return targetTypes.find((type) => type.matches(name)) as TargetType;
}

function executableTarget(name: string, run: RunFolder, spawn?: Spawn): Target {
  const command = [findExecutable(name)] as const;
  return new ProcessTarget({ ...processDefaults, name, kind: "executable", command }, run, spawn);
}
