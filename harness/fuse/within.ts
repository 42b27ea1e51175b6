/** Waiting with a limit. */
import { setTimeout as sleep } from "node:timers/promises";

/** Whether it settles in that time. A rejection is the caller's to hear of. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([promise.then(() => true), late]);
  timer.abort();
  return done;
}
