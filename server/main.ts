#!/usr/bin/env node
/** The bundled store as a process: the correct parts in the real world. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AclError } from "./acl/acl-error.ts";
import { CannotCompose, composeServer } from "./compose.ts";
import { ConfigFileError } from "./config/config-file.ts";
import { correctParts } from "./parts.ts";
import { usage, versionLine } from "./usage.ts";
import { KillOrderError } from "./world/kill-switch.ts";
import { realWorld } from "./world/real-world.ts";
import { ListenError } from "./world/world.ts";

const answers: Readonly<Record<string, string>> = {
  "--help": usage,
  "-h": usage,
  "--version": versionLine,
  "-v": versionLine,
};
const answer = process.argv.length === 3 ? answers[process.argv[2] as string] : undefined;
if (answer !== undefined) {
  process.stdout.write(answer);
  process.exit(0);
}

try {
  const server = composeServer(
    realWorld(process.env, fileURLToPath(new URL("./saver-main.js", import.meta.url))),
    correctParts,
    {
      args: process.argv.slice(2),
      cwd: process.cwd(),
      readStdin: () => readFileSync(0, "latin1"),
    },
  );
  await server.start();
} catch (error) {
  const isExpected =
    error instanceof AclError ||
    error instanceof ConfigFileError ||
    error instanceof CannotCompose ||
    error instanceof KillOrderError ||
    error instanceof ListenError;
  if (!isExpected) throw error;
  console.error(error.message);
  process.exit(1);
}
