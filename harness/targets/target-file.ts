/**
 * A target file: how to start a store that is not started as redis-server is. Written by a user, `my-store.target.yaml`:
 *
 *     # yaml-language-server: $schema=…/lossbound/harness/targets/target.schema.json
 *     name: kvrocks
 *     start: [/usr/bin/kvrocks, -c, "{config}"]     {config} {dir} {port} {socket}: filled in
 *     config: redis.conf                            or flags: --save "900 1"; or none: it takes no directives
 *     listen: port                                  or socket
 *     readyWithin: 30s
 *     redisVersion: "7.0"                           whose commands it understands, when it does not say itself
 *     commands: [SET, GET, DEL, INCR]               all that it understands of these; absent: all
 */
import { z } from "zod";
import { durationField } from "../../scenarios/fields.ts";
import { parseFile } from "../../scenarios/parse.ts";
import type { RunFolder } from "../run-folder.ts";
import { findExecutable } from "./executable.ts";
import { ProcessTarget } from "./process.ts";
import type { Spawn } from "./spawn.ts";
import type { Target } from "./target.ts";

const words = z.array(z.string().min(1));

export const targetFileSchema = z.strictObject({
  name: z.string().min(1).describe("as reports call it"),
  start: words.min(1).describe("executable and arguments; {config}, {dir}, {port} and {socket} are filled in"),
  config: z.enum(["redis.conf", "flags", "none"]).default("redis.conf").describe("how it takes directives"),
  listen: z.enum(["port", "socket"]).default("port").describe("where it answers"),
  readyWithin: durationField.prefault("30s").describe("when it does not answer by then, it refused to start"),
  redisVersion: z.string().exactOptional().describe("whose commands it understands, when INFO does not say"),
  commands: words.exactOptional().describe("all that it understands of those that a workload draws from"),
});

/** @throws BadFile, TargetUnavailable */
export function fileTarget(file: string, run: RunFolder, spawn?: Spawn): Target {
  const { name, start, config, listen, readyWithin, redisVersion, commands } = parseFile(file, targetFileSchema).value;
  const [executable = "", ...args] = start;
  return new ProcessTarget(
    {
      name,
      kind: "executable",
      command: [findExecutable(executable), ...args],
      dialect: config,
      listen,
      patienceMs: readyWithin,
      diesAtDiskOperation: false,
      ...(redisVersion !== undefined && { redisVersion }),
      ...(commands !== undefined && { commands: new Set(commands.map((command) => command.toUpperCase())) }),
    },
    run,
    spawn,
  );
}
