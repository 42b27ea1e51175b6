/** The Clock of the real world. */
import type { Clock, Timer } from "./world.ts";

const sleeper = new Int32Array(new SharedArrayBuffer(4));

export const realClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every(periodMs, run): Timer {
    const timer = setInterval(run, periodMs);
    return { cancel: () => clearInterval(timer) };
  },
  // The check phase of Node's loop comes right after all sockets that were ready were read.
  endOfTurn: (run) => void setImmediate(run),
  block: (ms) => void Atomics.wait(sleeper, 0, 0, ms),
};
