/**
 * Drives a simulated machine: the next thing that is due, then whatever promises were waiting for it, then the next.
 *
 * Nothing real is waited for. Between two events Node's queue of ticks comes round, which it does only when no promise
 * is left to be followed. Once in a while its whole loop does, so that signals and timers of the harness are heard.
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

/** As Node has it, before the guard. */
const { setImmediate: endOfTurn } = globalThis;

/** A turn of the whole loop asks the kernel, which costs more than most events. */
const eventsPerTurn = 100;
let eventsInTurn = 0;

async function promisesSettled(): Promise<void> {
  if (++eventsInTurn >= eventsPerTurn) return turnEnded();
  // Asked for by a promise: a tick that is asked for outside of them comes before them.
  await Promise.resolve();
  return new Promise((resolve) => process.nextTick(resolve));
}

function turnEnded(): Promise<void> {
  eventsInTurn = 0;
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
    // Node tells of rejections at the end of a turn.
    await turnEnded();
    if (--worlds === 0) process.off("unhandledRejection", onlyTheDead);
  }
}

function onlyTheDead(reason: unknown): void {
  if (!(reason instanceof WorldEnded)) throw reason;
}
