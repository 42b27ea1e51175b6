/**
 * What a harness and its launcher say to each other, over the channel that Node gives a child:
 *
 *     harness    { id: 7, start: { command, args, cwd, … } }
 *     launcher   { id: 7, pid: 4711 }   …   { id: 7, ended: { exitCode: 1, signal: null } }
 *                { id: 7, failed: "ENOENT …" }
 */
import type { SpawnOrder } from "./spawn.ts";
import type { Ending } from "./target.ts";

export interface ToLauncher {
  readonly id: number;
  readonly start: SpawnOrder;
}

export type FromLauncher =
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly ended: Ending }
  | { readonly id: number; readonly failed: string };
