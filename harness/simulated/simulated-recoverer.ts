/**
 * Recovery in a simulated world: a fresh machine for each crash state, its disk as the crash left it, the bundled store
 * started on it twice, as a real one would be. No process, no file: a millisecond of work.
 */
import type { Image } from "../disk/image.ts";
import type { Recoverer } from "../explore/explorable.ts";
import type { RecoveryFacts, RecoveryStart } from "../oracle/evidence.ts";
import { CannotReadBack, readBack } from "../recover/read-back.ts";
import { SimDisk } from "../sim/sim-disk.ts";
import { SimRespClient } from "../sim/sim-link.ts";
import { SimMachine } from "../sim/sim-world.ts";
import { type Exchanged, simulatedDir, startSimulated } from "../targets/simulated.ts";
import type { Config } from "../targets/target.ts";
import { drive, driveUntil } from "./drive.ts";
import { guarded } from "./guard.ts";

/** Long after the last link of the longest chain (record.ts): whatever was to expire soon has. */
export const recoveredAtWallMs = Date.UTC(2026, 2, 1);
const logLines = 20;

export class SimulatedRecoverer implements Recoverer {
  readonly #config: Config;
  readonly #exchanged: Exchanged;
  readonly #atWallMs: number;

  /** @param atWallMs when it recovers, in milliseconds since 1970. */
  constructor(config: Config, exchanged: Exchanged = {}, atWallMs = recoveredAtWallMs) {
    this.#config = config;
    this.#exchanged = exchanged;
    this.#atWallMs = atWallMs;
  }

  recover(image: Image, starts: 1 | 2): Promise<RecoveryFacts> {
    return guarded(() => this.#recover(image, starts));
  }

  async #recover(image: Image, starts: 1 | 2): Promise<RecoveryFacts> {
    const machine = new SimMachine({ seed: "recovery", wallAtStartMs: this.#atWallMs });
    machine.attach(SimDisk.with(image, { time: machine.clock, dir: simulatedDir }));
    const first = await this.#startAndRead(machine, starts === 2);
    if (first.kind === "unclear" || starts === 1) return { starts: [first] };
    return { starts: [first, await this.#startAndRead(machine, true)] };
  }

  async close(): Promise<void> {
    // Nothing is held between two states.
  }

  async #startAndRead(machine: SimMachine, endsInOrder: boolean): Promise<RecoveryStart> {
    const beganMs = machine.clock.nowNs() / 1e6;
    const store = startSimulated(machine, this.#config, this.#exchanged);
    const { process } = store;
    if (!(await drive(machine, () => store.isReady() || !process.isAlive))) {
      machine.kill(process, "tree");
      return { kind: "unclear", why: "the store neither serves nor ends", lastLogLines: process.log.slice(-logLines) };
    }
    if (!store.isReady()) {
      const exitCode = process.ending?.exitCode ?? null;
      return { kind: "refused", exitCode, lastLogLines: process.log.slice(-logLines) };
    }
    const tookMs = machine.clock.nowNs() / 1e6 - beganMs;
    try {
      const client = clientOf(machine);
      const read = await driveUntil(
        machine,
        readBack(client, () => machine.clock.wallMs()),
      );
      if (endsInOrder) {
        client.send(["SHUTDOWN"]).catch(() => undefined);
        await drive(machine, () => !process.isAlive);
      }
      machine.kill(process, "tree");
      return { kind: "served", ...read, tookMs };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      machine.kill(process, "tree");
      const ended = process.ending?.signal ?? `exit code ${process.ending?.exitCode}`;
      const why =
        error instanceof CannotReadBack
          ? error.message
          : `${error.message} while reading back; the store ended with ${ended}`;
      return { kind: "unclear", why, lastLogLines: process.log.slice(-logLines) };
    }
  }
}

function clientOf({ net }: SimMachine): SimRespClient {
  const connection = net.connect();
  if (connection === undefined) throw new Error("nobody listens");
  return new SimRespClient(connection);
}
