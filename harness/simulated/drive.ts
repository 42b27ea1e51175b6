/**
 * Drives a simulated machine: the next thing that is due, then whatever promises were waiting for it, then the next.
 *
 * Nothing real is waited for. A turn of Node's own loop lies between two events, because only then is every promise
 * certain to have been followed to its end.
 */
import { WorldEnded } from "../sim/sim-time.ts";
import type { SimMachine } from "../sim/sim-world.ts";

/** Goes on until `isOver`. False: nothing is due any more, and it is not over. */
export async function drive({ clock }: SimMachine, isOver: () => boolean): Promise<boolean> {
  await promisesSettled();
  while (!isOver()) {
    if (!clock.next()) return false;
    await promisesSettled();
  }
  return true;
}

/** The same until a promise settles that waits for the machine. @throws Error when it waits for ever */
export async function driveUntil<T>(machine: SimMachine, waiting: Promise<T>): Promise<T> {
  const state = { isSettled: false };
  const settled = waiting.finally(() => {
    state.isSettled = true;
  });
  // Whoever awaits it below hears of it.
  settled.catch(() => undefined);
  if (!(await drive(machine, () => state.isSettled))) throw new Error("the simulated world stands still");
  return settled;
}

/** As Node has it, before the guard: it is asked for at every event. */
const { setImmediate: endOfTurn } = globalThis;

function promisesSettled(): Promise<void> {
  return new Promise((resolve) => endOfTurn(resolve));
}

let worlds = 0;

/**
 * While it runs, code of dead processes may be unwound in promises that nobody looks at (W3): that is how they end, and
 * no trouble. Any other rejection that nobody handles ends the harness, as ever.
 */
export async function withDeadPromises<T>(run: () => Promise<T>): Promise<T> {
  if (worlds++ === 0) process.on("unhandledRejection", onlyTheDead);
  try {
    return await run();
  } finally {
    await promisesSettled();
    if (--worlds === 0) process.off("unhandledRejection", onlyTheDead);
  }
}

function onlyTheDead(reason: unknown): void {
  if (!(reason instanceof WorldEnded)) throw reason;
}
