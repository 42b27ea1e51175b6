/**
 * The bundled store with a bug planted in it, as a process: what server/main.ts is for the correct parts.
 *
 *     node planted-main.js BUG [CONF] [--directive value …]
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { composeServer } from "../../server/compose.ts";
import { correctParts } from "../../server/parts.ts";
import { realWorld } from "../../server/world/real-world.ts";
import { plantedBug } from "./planted.ts";

const [name = "", ...args] = process.argv.slice(2);
const bug = plantedBug(name);
const honest = realWorld(process.env, fileURLToPath(new URL("../../server/saver-main.js", import.meta.url)));
const world = { ...honest, ...bug.world?.(honest) };
const server = composeServer(
  world,
  { ...correctParts, ...bug.parts },
  { args, cwd: process.cwd(), readStdin: () => readFileSync(0, "latin1") },
);
await server.start();
