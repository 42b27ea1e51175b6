#!/usr/bin/env node
/**
 * The bundled store as a process: reads the configuration, composes the real world, starts the server.
 *
 *     lossbound-server [CONF] [-] [--directive value …]        as redis-server is started
 */
import { readFileSync } from "node:fs";
import { Config } from "./config/config.ts";
import { ConfigFileError, readCommandLine, readConfig } from "./config/config-file.ts";
import { Server } from "./server.ts";
import { realClock } from "./world/real-clock.ts";
import { realNet } from "./world/real-net.ts";
import type { World } from "./world/world.ts";

const { configFile, readStdin, options } = readCommandLine(process.argv.slice(2));
const sources = [];
if (configFile !== undefined) sources.push({ name: configFile, text: readFileSync(configFile, "latin1") });
if (readStdin) sources.push({ name: "stdin", text: readFileSync(0, "latin1") });
sources.push({ name: "command line", text: options });
try {
  const { settings } = readConfig(sources, process.cwd(), (path) => [
    { name: path, text: readFileSync(path, "latin1") },
  ]);
  const world = { clock: realClock, net: realNet, process: { pid: process.pid, log: console.log } } as unknown as World;
  await new Server(world, new Config(settings, configFile)).start();
} catch (error) {
  if (!(error instanceof ConfigFileError)) throw error;
  console.error(error.message);
  process.exit(1);
}
