/**
 * The disk goes wrong under load, is healed, and a little later the store is killed, unless it has ended by itself: that
 * is a lawful answer to a disk that fails. What it had handed to the operating system is still there; what it held back
 * because the disk would not take it is not.
 *
 *     clients   ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▯▯▯▯▯▯▯▮▮▮▮▮▮▮✗       ▯ refused, or slow
 *     disk      ··············═══════········
 *     promise   ──────────────┐      ┌─ the first sync that covers what was written since
 *                             └──────┘ suspended, but under `always`: there an ack is one on any disk
 *
 * A bit that reads wrong is met by the start that follows. So it is wrong in the crash state, and whoever replays that
 * needs no such disk.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type DiskFault, globMatcher } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import { RecordedVolume } from "../fuse/recorded-volume.ts";
import type { Damage } from "../oracle/evidence.ts";
import type { PlannedDiskFault } from "../plan-disk-fault.ts";
import { randomFrom } from "../random.ts";
import type { Interval } from "../recording/stamp.ts";
import { lastValue } from "../targets/config-file.ts";
import { countStrikes, recordsOf, suspensionOf } from "./disk-record.ts";
import type { CrashState, Fault, LiveRun, Window } from "./fault.ts";

type DiskFaultRun = LiveRun<PlannedDiskFault>;

export const diskFault: Fault<PlannedDiskFault> = {
  name: "disk-fault",

  refuses(_, target): string | undefined {
    if (target.volumes.has("recorded")) return undefined;
    return `${target.name} cannot live on a recorded volume, and no other disk goes wrong on purpose`;
  },

  volume: () => "recorded",

  prepare: () => ({}),

  async crash(live: DiskFaultRun): Promise<CrashState> {
    const { driver, clock, link, instance, config } = live;
    const { acks, lastsMs, calmMs, disk } = link.fault;
    const volume = recordedVolumeOf(live);
    const armed = disk.faults.filter(({ kind }) => kind !== "flip");
    await driver.whenAcked(acks);
    const startNs = clock.now();
    await volume.arm(armed, disk.seed);
    await orEnded(lastsMs, live);
    await volume.disarm(...armed.map(({ name }) => name));
    const healedNs = clock.now();
    await orEnded(calmMs, live);
    const { operation, cut } = await end(live);
    const records = await recordsOf(volume, clock);
    const struck = countStrikes(records, armed);
    const rotten = rot(await volume.image(), disk.faults, disk.seed);
    instance.letOrphansGoOn();
    const hit = struck > 0 || rotten.damage !== undefined;
    const suspends = struck > 0 && armed.some(refuses) && lastValue(config, "appendfsync") !== "always";
    return {
      cut,
      point: {
        place: [...new Set(disk.faults.map(({ kind }) => kind))].join("+"),
        operation,
        path: rotten.damage?.path ?? "",
        journalIndex: records.length - 1,
        stampNs: cut.startNs,
      },
      fault: "disk-fault",
      windows: hit ? [windowOf(startNs, healedNs, cut)] : [],
      image: rotten.image,
      asked: records,
      suspensions: suspends ? [suspensionOf(records, { startNs, endNs: healedNs })] : [],
      ...(rotten.damage !== undefined && { damage: rotten.damage }),
    };
  },
};

export function recordedVolumeOf({ volume }: Pick<LiveRun, "volume">): RecordedVolume {
  if (volume instanceof RecordedVolume) return volume;
  throw new Error(`a disk fault needs a recorded volume, and this is a ${volume.kind}`);
}

function refuses({ kind }: DiskFault): boolean {
  return kind === "error" || kind === "short" || kind === "full";
}

async function orEnded(ms: number, { instance }: DiskFaultRun): Promise<void> {
  const over = new AbortController();
  const slept = sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([slept, instance.ended]);
  over.abort();
}

/** Killed, if it lives; a store that ended by itself had its reasons, and its files are judged all the same. */
async function end({ instance, driver, clock }: DiskFaultRun): Promise<{ operation: string; cut: Interval }> {
  const ending = instance.ending();
  if (ending !== undefined) {
    await driver.settle();
    const endNs = driver.lastEvent();
    return { operation: ending.signal ?? `exit code ${ending.exitCode}`, cut: { startNs: endNs, endNs } };
  }
  driver.stop();
  const startNs = clock.now();
  const gone = instance.kill("tree");
  const sentNs = clock.now();
  await gone;
  await driver.settle();
  return { operation: "SIGKILL", cut: { startNs, endNs: Math.max(sentNs, driver.lastEvent()) } };
}

function windowOf(startNs: number, healedNs: number, cut: Interval): Window {
  return { name: "disk-fault", openMs: (Math.min(healedNs, cut.endNs) - startNs) / 1e6 };
}

// ── A bit that reads wrong ────────────────────────────────────────────────────────────────────────────────────────

export interface Rotten {
  readonly image: Image;
  /** Absent when no file was there to be damaged. */
  readonly damage?: Damage;
}

/** One bit of one file for each fault that asks for it. The same seed damages the same place of the same files. */
export function rot(image: Image, faults: readonly DiskFault[], seed: string): Rotten {
  let rotten: Rotten = { image };
  for (const fault of faults) if (fault.kind === "flip") rotten = rotOnce(rotten, fault, seed);
  return rotten;
}

function rotOnce(before: Rotten, fault: Extract<DiskFault, { kind: "flip" }>, seed: string): Rotten {
  const random = randomFrom(`${seed}/${fault.name}`);
  const matches = globMatcher(fault.when.path ?? "*");
  const candidates = [...before.image].flatMap(([path, node]) =>
    node.kind === "file" && node.bytes.length > 0 && matches(path) ? [{ path, bytes: node.bytes }] : [],
  );
  if (candidates.length === 0) return before;
  const { path, bytes } = random.pick(candidates);
  const [offset, bit] = [random.below(bytes.length), random.below(8)];
  const wrong = Uint8Array.from(bytes);
  wrong[offset] = (wrong[offset] as number) ^ (1 << bit);
  const image = new Map(before.image).set(path, { kind: "file", bytes: wrong });
  return { image, damage: { path, what: `bit ${bit} of byte ${offset} of ${path} reads wrong` } };
}
