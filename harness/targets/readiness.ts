/**
 * When does a store serve? When it answers PING with anything but `LOADING`: an error such as `NOAUTH` or `MISCONF` is
 * an answer too. Asked over a plain socket, again and again, because nothing announces it and a log is no promise.
 */
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Endpoint } from "./resp-client.ts";

const ping = "*1\r\n$4\r\nPING\r\n";
const betweenAttemptsMs = 1;
/** It is asked every 50 ms and more often: what lies further apart, this process slept through. */
const gapMaxMs = 1_000;

/**
 * How long a store may take until it serves. A machine that was suspended, and this process with it, has heard nothing
 * meanwhile: that is no delay of the store, and must not accuse it.
 */
export class Patience {
  readonly ms: number;
  private readonly nowMs: () => number;
  private askedMs: number;
  private spentMs = 0;

  constructor(ms: number, nowMs: () => number = () => performance.now()) {
    this.ms = ms;
    this.nowMs = nowMs;
    this.askedMs = nowMs();
  }

  isOver(): boolean {
    const nowMs = this.nowMs();
    this.spentMs += Math.min(nowMs - this.askedMs, gapMaxMs);
    this.askedMs = nowMs;
    return this.spentMs > this.ms;
  }
}

/** Resolves with true when the store serves, with false when `givenUp` says so. */
export async function whenServing(endpoint: Endpoint, givenUp: () => boolean): Promise<boolean> {
  while (!givenUp()) {
    // A look for the socket is cheaper than a connection that is refused.
    const mayListen = !("path" in endpoint) || existsSync(endpoint.path);
    if (mayListen && (await attempt(endpoint, givenUp))) return true;
    await pause();
  }
  return false;
}

/** One connection: false when it is refused or breaks off. While the store loads, the same one asks again. */
function attempt(endpoint: Endpoint, givenUp: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect(endpoint);
    const watch = setInterval(() => givenUp() && finish(false), 50);
    const finish = (serving: boolean) => {
      clearInterval(watch);
      socket.destroy();
      resolve(serving);
    };
    let answer = "";
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(ping));
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
      if (!answer.endsWith("\r\n")) return;
      if (!answer.startsWith("-LOADING")) return finish(true);
      answer = "";
      setTimeout(() => socket.destroyed || socket.write(ping), betweenAttemptsMs);
    });
    socket.on("error", () => finish(false));
    socket.on("close", () => finish(false));
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, betweenAttemptsMs));
}
