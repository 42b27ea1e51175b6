/**
 * A lock that lives exactly as long as its process: a socket bound to a name made of what is locked.
 *
 *     Linux      the abstract socket  @lossbound:<device>:<inode>:<name>     no file anywhere; the kernel drops it
 *     elsewhere  a socket file in the system's folder for temporary files    one left by a dead process is taken over
 *
 * No file means no litter in the data folder, nothing stale after kill -9, and nothing that a container with the same
 * process number could mistake for its own. Savers do not inherit it, so an orphan does not hold up a restart. Whoever
 * is refused asks the holder who it is. It reaches as far as one network namespace: two containers on one volume do not
 * see each other (the manifest's own guard, aof-folder.ts, is the second line).
 */
import { createHash } from "node:crypto";
import { unlinkSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { HeldError } from "./world.ts";

const started = new Date().toISOString();

/** Held from now on until this process ends. @throws HeldError when a living process, this one included, has it. */
export async function lockName(name: string, what: string): Promise<void> {
  const address = addressOf(name);
  if (await bind(address)) return;
  const holder = await askHolder(address);
  if (holder !== undefined) throw new HeldError(what, holder);
  // Nobody is there: a socket file that a dead process left, or a holder that has just gone.
  if (!address.startsWith("\0")) unlinkSync(address);
  if (!(await bind(address))) throw new HeldError(what, "a process that has just started");
}

function addressOf(name: string): string {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 32);
  if (process.platform === "linux") return `\0lossbound:${digest}`;
  return path.join(os.tmpdir(), `lossbound-${digest}.lock`);
}

function bind(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(`process ${process.pid} (since ${started})`);
    });
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    // Not a reason for the process to stay.
    server.listen(address, () => {
      server.unref();
      resolve(true);
    });
  });
}

function askHolder(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = net.connect(address);
    const patience = setTimeout(() => socket.destroy(), 1000);
    let connected = false;
    socket.on("connect", () => {
      connected = true;
    });
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1");
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(patience);
      resolve(answer !== "" ? answer : connected ? "a process that does not answer" : undefined);
    });
  });
}
