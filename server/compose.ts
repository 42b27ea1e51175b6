/**
 * Composes a server from a world, parts and a command line: what main.ts does with the real world and the correct parts,
 * and whoever plants a bug with other ones.
 *
 *     lossbound-server [CONF] [-] [--directive value …]        as redis-server is started
 */
import { Config } from "./config/config.ts";
import { type ConfigSource, readCommandLine, readConfig } from "./config/config-file.ts";
import type { Parts } from "./parts.ts";
import { Server } from "./server.ts";
import { writeFully } from "./world/replace-file.ts";
import { type Disk, DiskError, type World } from "./world/world.ts";

export interface Invocation {
  /** Behind the program's name. */
  readonly args: readonly string[];
  /** Where it was started: relative paths are taken from there. */
  readonly cwd: string;
  /** Asked only when the command line has a `-`. Latin1. */
  readStdin(): string;
}

/** What the command line asks for cannot be had. */
export class CannotCompose extends Error {
  override readonly name = "CannotCompose";
}

/** @throws ConfigFileError, CannotCompose */
export function composeServer(world: World, parts: Parts, invocation: Invocation): Server {
  const { configFile, readStdin, options } = readCommandLine(invocation.args);
  const absolute = configFile === undefined ? undefined : resolvePath(invocation.cwd, configFile);
  const sources: ConfigSource[] = [];
  if (absolute !== undefined) sources.push(readSource(world.disk, absolute));
  if (readStdin) sources.push({ name: "stdin", text: invocation.readStdin() });
  sources.push({ name: "command line", text: options });
  const { settings, renamed } = readConfig(sources, invocation.cwd, (path) => [readSource(world.disk, path)]);
  const config = new Config(settings, absolute);
  const server = new Server(withLogFile(world, config.get("logfile"), invocation.cwd), config, parts);
  for (const [from, to] of renamed) {
    const outcome = server.commands.rename(from, to);
    if (outcome !== "renamed") throw new CannotCompose(`rename-command ${from} ${to}: ${outcome}`);
  }
  return server;
}

function readSource(disk: Disk, path: string): ConfigSource {
  try {
    const file = disk.open(path, "read");
    try {
      return { name: path, text: Buffer.from(file.read(0, file.size())).toString("latin1") };
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new CannotCompose(`Fatal error, can't open config file '${path}': ${error.reason}`);
  }
}

/** The log goes to a file where that is asked for. It is opened for every line, so that it can be moved away. */
function withLogFile(world: World, name: string, cwd: string): World {
  if (name === "") return world;
  const path = resolvePath(cwd, name);
  const append = (line: string) => {
    const file = world.disk.open(path, "append");
    try {
      writeFully(file, Buffer.from(line, "utf8"));
    } finally {
      file.close();
    }
  };
  try {
    append("");
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new CannotCompose(`Can't open the log file: ${error.message}`);
  }
  const { process } = world;
  const log = (line: string) => {
    try {
      append(`${line}\n`);
    } catch (error) {
      // Of a log that cannot be written there is nobody to tell; the store goes on.
      if (!(error instanceof DiskError)) throw error;
    }
  };
  return { ...world, process: Object.assign(Object.create(process) as typeof process, { log }) };
}

function resolvePath(cwd: string, path: string): string {
  return path.startsWith("/") ? path : `${cwd}/${path}`;
}
