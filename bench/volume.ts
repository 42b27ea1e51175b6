/**
 * What a recorded volume costs: redis-server on it beside redis-server on the disk below it, in turns, and how large the
 * journal becomes beside the data that it keeps.
 *
 *     npm run bench -- volume [--pairs 5] [--requests 60000] [--pipelines 1,16]
 *
 *     pipeline   requests/s: disk   volume   ratio      bytes of journal a record, without the data
 *
 * Medians over pairs: two runs beside each other see the same neighbours on this machine.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { RecordedVolume } from "../harness/fuse/recorded-volume.ts";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    pairs: { type: "string", default: "5" },
    requests: { type: "string", default: "60000" },
    pipelines: { type: "string", default: "1,16" },
    bytes: { type: "string", default: "100" },
  },
});

interface Store {
  readonly socket: string;
  stop(): Promise<void>;
}

type Enter = (
  command: string,
  args: readonly string[],
) => { readonly command: string; readonly args: readonly string[] };

const folder = mkdtempSync(path.join(os.tmpdir(), "lossbound-bench-"));

async function start(name: string, dir: string, enter: Enter): Promise<Store> {
  const socket = path.join(folder, `${name}.sock`);
  const options = ["--port", "0", "--unixsocket", socket, "--dir", dir, "--save", ""];
  const log = ["--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"];
  const line = enter("redis-server", [...options, ...log]);
  const child = spawn(line.command, line.args, { stdio: "ignore" });
  for (let attempt = 0; attempt < 200 && !answers(socket); attempt++) await sleep(50);
  return {
    socket,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}

function answers(socket: string): boolean {
  try {
    return execFileSync("redis-cli", ["-s", socket, "ping"], { encoding: "utf8", stdio: "pipe" }).startsWith("PONG");
  } catch (error) {
    // Not yet: the socket is not there, or nobody accepts.
    return !(error instanceof Error);
  }
}

function perSecond({ socket }: Store, pipeline: string): number {
  const args = ["-s", socket, "-t", "set", "-n", values.requests, "-r", "100000", "-d", values.bytes, "-P", pipeline];
  const output = execFileSync("redis-benchmark", [...args, "--csv"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return Number(output.trim().split("\n").at(-1)?.split(",")[1]?.replaceAll('"', ""));
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

async function sizeOfJournal(
  volume: RecordedVolume,
  into: string,
): Promise<{ index: number; data: number; records: number; asked: number }> {
  await volume.keepJournal(into);
  const journal = await volume.journal();
  journal.close();
  const asked = journal.records.reduce((sum, record) => sum + (record.kind === "write" ? record.length : 0), 0);
  const size = (name: string) => statSync(path.join(into, name)).size;
  return { index: size("index.jsonl"), data: size("data"), records: journal.records.length, asked };
}

const volumeFolder = path.join(folder, "volume");
const disk = path.join(folder, "disk");
for (const each of [volumeFolder, disk]) mkdirSync(each);
const volume = await RecordedVolume.create(volumeFolder);
try {
  const onDisk = await start("disk", disk, (command, args) => ({ command, args }));
  const onVolume = await start("volume", volume.dir, (command, args) => volume.enter(command, args));
  console.log("pipeline        disk      volume    ratio");
  for (const pipeline of values.pipelines.split(",")) {
    const pairs = Array.from({ length: Number(values.pairs) }, (_, index) => {
      // Who goes first takes turns.
      const first = perSecond(index % 2 === 0 ? onDisk : onVolume, pipeline);
      const second = perSecond(index % 2 === 0 ? onVolume : onDisk, pipeline);
      return index % 2 === 0 ? { disk: first, volume: second } : { disk: second, volume: first };
    });
    const ratio = median(pairs.map((pair) => pair.volume / pair.disk));
    const shown = [median(pairs.map((pair) => pair.disk)), median(pairs.map((pair) => pair.volume))].map((each) =>
      String(Math.round(each)).padStart(10),
    );
    console.log(`${pipeline.padStart(8)}  ${shown.join("  ")}  ${ratio.toFixed(2).padStart(7)}`);
  }
  await onDisk.stop();
  await onVolume.stop();
  const { index, data, records, asked } = await sizeOfJournal(volume, path.join(folder, "kept"));
  const overhead = ((index + data - asked) / records).toFixed(0);
  console.log(`journal: ${records} records, ${overhead} bytes a record beside ${asked} bytes of data`);
} finally {
  await volume.dispose();
  rmSync(folder, { recursive: true, force: true });
}
