/**
 * The thread that is always there: it holds the control port while the thread that serves the file system may be blocked
 * waiting for the kernel. What the harness says is passed on, and the bell is rung.
 *
 *     harness ──text──▶ this thread ──message──▶ the serving thread
 *                            └──statfs(mount)──▶ kernel ──STATFS──▶ it wakes, answers, and reads its messages
 *
 * It also rings by itself now and then, so that timers of the serving thread come round.
 */
import { statfs } from "node:fs";
import { Socket } from "node:net";
import { parentPort } from "node:worker_threads";

/** To this thread: something for the harness, or where the bell hangs from now on (null: nowhere). */
export type ToBell = { readonly say: string } | { readonly dir: string | null };
/** From it: something from the harness, in pieces as they come, or null when the harness is gone. */
export type FromBell = string | null;

const ringPeriodMs = 100;

if (parentPort === null) throw new Error("to be started by fuse-main only");
const serving = parentPort;
const harness = new Socket({ fd: 3 });
let dir: string | null = null;
let ringing = false;
let again = false;

serving.on("message", (message: ToBell) => {
  if ("say" in message) harness.write(message.say);
  else dir = message.dir;
});

harness.setEncoding("utf8");
harness.on("data", (text: string) => pass(text));
// A reset is an end like any other.
harness.on("error", () => harness.destroy());
harness.once("close", () => pass(null));

setInterval(ring, ringPeriodMs);

function pass(message: FromBell): void {
  serving.postMessage(message);
  ring();
}

function ring(): void {
  if (dir === null) return;
  // One at a time. What is passed on while it rings may come too late for this one.
  again = ringing;
  if (ringing) return;
  ringing = true;
  // That it rings is all that counts: where the mount is gone already, nobody is blocked.
  statfs(dir, () => {
    ringing = false;
    if (again) ring();
  });
}
