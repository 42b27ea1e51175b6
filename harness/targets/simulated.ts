/**
 * The bundled store in a simulated world: the same server that users run, from the same command line, only that the
 * world it is handed comes from a seed. The one door between the harness and the server's code.
 */
import { CommandTable } from "../../server/command-table.ts";
import { commands } from "../../server/commands/commands.ts";
import { composeServer } from "../../server/compose.ts";
import { correctParts, type Parts } from "../../server/parts.ts";
import { lossboundVersion, redisVersion } from "../../server/version.ts";
import type { World } from "../../server/world/world.ts";
import { operations } from "../operations/operations.ts";
import { WorldEnded } from "../sim/sim-time.ts";
import type { ServerProcess, SimMachine } from "../sim/sim-world.ts";
import { configText } from "./config-file.ts";
import type { Config, StoreIdentity } from "./target.ts";

/** Where the volume stands in the simulated world. */
export const simulatedDir = "/data";

export const simulatedIdentity: StoreIdentity = {
  name: "lossbound-server",
  version: lossboundVersion,
  redisVersion,
  unknownCommands: commandsThatItLacks(),
};

/** What of a store is not as it should be: of a planted bug. Of the correct store, nothing. */
export interface Exchanged {
  /** The parts of the server that are exchanged. */
  readonly parts?: Partial<Parts>;
  /** The pieces of the world that are, made from the honest ones. */
  readonly world?: (honest: World) => Partial<World>;
}

export interface SimulatedStore {
  readonly process: ServerProcess;
  /** True when it serves. */
  isReady(): boolean;
}

/** Written once: a config starts thousands of servers. */
const texts = new WeakMap<Config, string>();

function textOf(config: Config): string {
  const text =
    texts.get(config) ?? configText([...config, ["dir", simulatedDir], ["bind", "127.0.0.1"], ["port", "6379"]]);
  texts.set(config, text);
  return text;
}

/** Starts a server; it serves when the machine has moved on. */
export function startSimulated(machine: SimMachine, config: Config, exchanged: Exchanged = {}): SimulatedStore {
  const process = machine.startProcess();
  const parts = { ...correctParts, ...exchanged.parts };
  const world = { ...process.world, ...exchanged.world?.(process.world) };
  let isReady = false;
  const text = textOf(config);
  const start = async () => {
    await composeServer(world, parts, { args: ["-"], cwd: "/", readStdin: () => text }).start();
    isReady = true;
  };
  start().catch((error: unknown) => {
    // Its own code, unwound because the process is gone (W3).
    if (!process.isAlive && error instanceof WorldEnded) return;
    machine.crashed(process, error);
  });
  return { process, isReady: () => isReady };
}

function commandsThatItLacks(): string[] {
  const table = new CommandTable(commands);
  return [...operations.keys()].filter((name) => table.find([name]) === undefined).sort();
}
