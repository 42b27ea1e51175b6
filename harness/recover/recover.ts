/**
 * Recovery: a store is started on what a crash left, and shows what it has. Then it is stopped in an orderly way, started
 * again, and must show the same: a store that repairs a torn log while it starts, and serves what it will not find again,
 * has lost it.
 *
 *     crash state ──start──▶ read back ──stop──▶ start ──▶ read back ──▶ facts
 *                   └─ refused: the exit code and the last lines of its log are the facts
 *
 * A recovery writes: it cuts a torn tail, removes old files, begins a new log. What must stay as the crash left it is a
 * copy made before.
 */
import type { Volume } from "../disk/volume.ts";
import type { RecoveryFacts, RecoveryStart } from "../oracle/evidence.ts";
import { type Config, type Instance, RefusedToStart, type Target } from "../targets/target.ts";
import { CannotReadBack, readBack } from "./read-back.ts";

const logLines = 20;

/** @param starts 1: it is ended without ceremony once it was read back, and not started again. */
export async function recover(
  target: Target,
  volume: Volume,
  config: Config,
  starts: 1 | 2 = 2,
): Promise<RecoveryFacts> {
  const first = await startAndRead(target, volume, config, starts === 2);
  if (first.kind === "unclear" || starts === 1) return { starts: [first] };
  // After a refusal too: what a supervisor would do next, and some stores cut a file before they give up.
  return { starts: [first, await startAndRead(target, volume, config, true)] };
}

async function startAndRead(
  target: Target,
  volume: Volume,
  config: Config,
  endsInOrder: boolean,
): Promise<RecoveryStart> {
  const startedMs = performance.now();
  let instance: Instance;
  try {
    instance = await target.start(volume, config);
  } catch (error) {
    if (!(error instanceof RefusedToStart)) throw error;
    return { kind: "refused", exitCode: error.ending.exitCode, lastLogLines: error.lastLogLines.slice(-logLines) };
  }
  const tookMs = performance.now() - startedMs;
  try {
    const client = await instance.connect();
    const read = await readBack(client);
    client.close();
    if (endsInOrder) await instance.stop();
    return { kind: "served", ...read, tookMs };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    await instance.kill("process");
    const why = error instanceof CannotReadBack ? error.message : await whyItBroke(instance, error);
    return { kind: "unclear", why, lastLogLines: instance.lastLogLines(logLines) };
  } finally {
    await instance.dispose();
  }
}

async function whyItBroke(instance: Instance, error: Error): Promise<string> {
  const { exitCode, signal } = await instance.ended;
  return `${error.message} while reading back; the store ended with ${signal ?? `exit code ${exitCode}`}`;
}
