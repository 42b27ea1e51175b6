/**
 * What it costs to have crash states: to enumerate them with their signatures, and to put their bytes together.
 *
 *     node dist/bench/crash-states.js
 *
 * The journal is drawn like that of a store with `appendfsync everysec` and a rewrite now and then: a log, a sync for
 * every 400 appends, a new log and a new base with their manifest for every 3,000.
 */
import { crashPoints, replacements } from "../harness/disk/crash-points.ts";
import { type CrashState, crashStates } from "../harness/disk/crash-states.ts";
import { diskModels } from "../harness/disk/disk-models.ts";
import { Timeline } from "../harness/disk/timeline.ts";
import { randomFrom } from "../harness/random.ts";
import type { MemoryJournal } from "../harness/recording/memory-journal.ts";
import { ScriptedDisk } from "../tests/disk/scripted-disk.ts";

const appends = 20_000;

function storeLike(): MemoryJournal {
  const disk = new ScriptedDisk();
  disk.mkdir("dir");
  disk.create("dir/incr.1");
  disk.create("dir/manifest");
  disk.write("dir/manifest", "incr.1");
  disk.settled();
  let incr = 1;
  for (let count = 1; count <= appends; count++) {
    disk.write(`dir/incr.${incr}`, "x".repeat(40 + (count % 50)));
    if (count % 400 === 0) disk.sync(`dir/incr.${incr}`);
    if (count % 3000 === 0) {
      rewrite(disk, incr, incr + 1);
      incr++;
    }
  }
  return disk.journal;
}

function rewrite(disk: ScriptedDisk, old: number, incr: number): void {
  disk.create(`dir/incr.${incr}`);
  replaceManifest(disk, `incr.${old} incr.${incr}`);
  disk.sync(`dir/incr.${old}`);
  disk.create("temp-base");
  for (let chunk = 0; chunk < 20; chunk++) {
    disk.write("temp-base", "b".repeat(4096));
    disk.write(`dir/incr.${incr}`, "meanwhile");
  }
  disk.sync("temp-base");
  disk.rename("temp-base", `dir/base.${incr}`);
  replaceManifest(disk, `base.${incr} incr.${incr}`);
  disk.unlink(`dir/incr.${old}`);
}

function replaceManifest(disk: ScriptedDisk, text: string): void {
  disk.create("dir/temp-manifest");
  disk.write("dir/temp-manifest", text);
  disk.sync("dir/temp-manifest");
  disk.rename("dir/temp-manifest", "dir/manifest");
  disk.sync("dir");
}

const seconds = (fromMs: number) => (performance.now() - fromMs) / 1000;
const rate = (count: number, perSeconds: number) => Math.round(count / perSeconds).toLocaleString("en");

const journal = storeLike();
const readMs = performance.now();
const timeline = new Timeline(journal);
console.log(`read the journal         ${rate(journal.records.length, seconds(readMs))} records/s`);

const points = crashPoints(journal, {
  random: randomFrom("bench"),
  endNs: journal.records.length + 1,
  firstIndex: timeline.firstPointIndex,
  windows: replacements(journal),
});
console.log(`                         ${journal.records.length} records, ${points.length} crash points`);

// Once for nothing: the first thousand states are compiled, not measured.
for (const _ of crashStates(timeline, points, { models: diskModels, random: randomFrom("warm"), setsMax: 8 }));

for (const models of [...diskModels.map((model) => [model]), diskModels]) {
  const startMs = performance.now();
  const distinct = new Set<string>();
  let count = 0;
  for (const state of crashStates(timeline, points, { models, random: randomFrom("bench"), setsMax: 24 })) {
    distinct.add(state.signature);
    count++;
  }
  const name = models.length === 1 ? (models[0]?.name ?? "") : "all models";
  const tookSeconds = seconds(startMs);
  const each = rate(count, tookSeconds);
  console.log(`${name.padEnd(24)} ${each} states/s with signature (${count} states, ${distinct.size} distinct)`);
}

const some: CrashState[] = [];
for (const state of crashStates(timeline, points, { models: diskModels, random: randomFrom("bench"), setsMax: 8 })) {
  if (some.length < 20_000) some.push(state);
}
const sizesMs = performance.now();
let sizes = 0;
for (const state of some) for (const file of state.files) sizes += file.sizeBytes;
console.log(
  `sizes of all files       ${rate(some.length, seconds(sizesMs))} states/s (mean ${Math.round(sizes / some.length)} bytes)`,
);

const imagesMs = performance.now();
let bytes = 0;
for (const state of some)
  for (const node of state.image().values()) if (node.kind === "file") bytes += node.bytes.length;
console.log(`images with all bytes    ${rate(some.length, seconds(imagesMs))} states/s`);
if (bytes !== sizes) throw new Error("an image does not hold the bytes that its state says");
