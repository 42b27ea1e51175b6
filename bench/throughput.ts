/**
 * How fast the bundled store is beside redis-server: the same load on both, one after the other, again and again.
 *
 *     npm run bench -- throughput [--pairs 5] [--seconds 1] [--clients 50] [--pipelines 1,16,64] [--commands SET,GET]
 *
 *     command   pipeline   requests/s: redis-server   lossbound-server   ratio    CPU ratio
 *
 * Both log everything (`appendonly yes`, `appendfsync everysec`). A ratio above 1 means that the bundled store is better.
 * What is printed is the median over pairs: two runs beside each other see the same neighbours on this machine, two runs
 * an hour apart do not. The CPU ratio compares what a request cost each server in processor time, user and system; it
 * hardly changes when the machine is busy, so it is the one to look at there.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    pairs: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    clients: { type: "string", default: "50" },
    bytes: { type: "string", default: "3" },
    keys: { type: "string", default: "100000" },
    pipelines: { type: "string", default: "1,16,64" },
    commands: { type: "string", default: "SET,GET,INCR,LPUSH,HSET" },
  },
});

/** How redis-benchmark is told to send a command; keys are drawn from so many. */
const keyspaceLength = Number(values.keys);

interface Store {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

interface Measured {
  readonly perSecond: number;
  readonly cpuUsPerRequest: number;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function start(name: string, command: readonly string[]): Promise<Store> {
  const port = await freePort();
  const dir = mkdtempSync(path.join(os.tmpdir(), "lossbound-bench-"));
  const options = ["--port", port, "--dir", dir, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];
  const [file = "", ...args] = [...command, ...options.map(String)];
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit"] });
  await answering(port);
  return {
    name,
    port,
    pid: child.pid as number,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => {
          rmSync(dir, { recursive: true, force: true });
          resolve();
        });
        child.kill("SIGKILL");
      }),
  };
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.once("connect", () => socket.end(() => resolve(true)));
      socket.once("error", () => resolve(false));
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at port ${port}`);
}

/** User and system time, from /proc. */
function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

function load(store: Store, command: string, pipeline: number, requests: number): Measured {
  const args = [
    ...["-p", store.port, "-c", values.clients, "-n", requests, "-P", pipeline, "-r", keyspaceLength, "--csv"],
    ...["-d", values.bytes, "-t", command.toLowerCase()],
  ].map(String);
  const before = cpuUs(store.pid);
  const output = execFileSync("redis-benchmark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const cpuUsPerRequest = (cpuUs(store.pid) - before) / requests;
  const line = output.trim().split("\n").at(-1) ?? "";
  return { perSecond: Number(line.split(",")[1]?.replaceAll('"', "")), cpuUsPerRequest };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function compare(reference: Store, own: Store, command: string, pipeline: number): void {
  // As many requests as redis-server does in the time that was asked for.
  const trial = load(reference, command, pipeline, 20_000);
  const requests = Math.max(20_000, Math.round(trial.perSecond * Number(values.seconds)));
  load(own, command, pipeline, requests);
  const pairs = Array.from({ length: Number(values.pairs) }, (_, index) => {
    // Who goes first takes turns: the second one finds the machine warmer.
    if (index % 2 === 0) {
      const theirs = load(reference, command, pipeline, requests);
      return { theirs, ours: load(own, command, pipeline, requests) };
    }
    const ours = load(own, command, pipeline, requests);
    return { theirs: load(reference, command, pipeline, requests), ours };
  });
  const ratio = median(pairs.map(({ theirs, ours }) => ours.perSecond / theirs.perSecond));
  const cpuRatio = median(pairs.map(({ theirs, ours }) => theirs.cpuUsPerRequest / ours.cpuUsPerRequest));
  const perSecond = (side: "theirs" | "ours") => Math.round(median(pairs.map((pair) => pair[side].perSecond)));
  console.log(
    [
      command.padEnd(8),
      String(pipeline).padStart(8),
      String(perSecond("theirs")).padStart(12),
      String(perSecond("ours")).padStart(12),
      ratio.toFixed(2).padStart(7),
      cpuRatio.toFixed(2).padStart(9),
    ].join("  "),
  );
}

const reference = await start("redis-server", ["redis-server"]);
const main = path.resolve(import.meta.dirname, "../server/main.js");
const own = await start("lossbound-server", [process.execPath, main]);
try {
  console.log("command   pipeline  redis-server     lossbound    ratio  CPU ratio");
  for (const command of values.commands.split(",")) {
    for (const pipeline of values.pipelines.split(",").map(Number)) compare(reference, own, command, pipeline);
  }
} finally {
  await reference.stop();
  await own.stop();
}
