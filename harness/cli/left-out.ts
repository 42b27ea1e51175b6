/**
 * What a group brings and this machine has no disk for is left out, by name and with the reason, before the first store
 * is started (N2). What was named is refused instead, by whoever wants the volume: exit 3.
 */
import { VolumeUnavailable } from "../disk/volume.ts";
import { RunFolder } from "../run-folder.ts";
import { targetKindOf } from "../targets/targets.ts";
import type { Pair, Selection } from "./selection.ts";

/** Resolves with why this machine has no recorded volumes, or with nothing where it has. */
export type AskForVolume = () => Promise<VolumeUnavailable | undefined>;

/** @throws VolumeUnavailable when nothing else is left. */
export async function withoutMissingVolumes(selection: Selection, ask: AskForVolume): Promise<Selection> {
  const wanting = new Set(selection.pairs.filter((pair) => pair.fromGroup && needsRecordedVolume(pair)));
  if (wanting.size === 0) return selection;
  const trouble = await ask();
  if (trouble === undefined) return selection;
  if (wanting.size === selection.pairs.length) throw trouble;
  const names = [...new Set([...wanting].map(({ scenario }) => scenario.name))];
  return {
    pairs: selection.pairs.filter((pair) => !wanting.has(pair)),
    leftOut: [...selection.leftOut, `${names.join(", ")}: ${trouble.message}`],
  };
}

function needsRecordedVolume({ scenario, target }: Pair): boolean {
  return targetKindOf(target) !== "simulated" && !scenario.suits.volumes.includes("directory");
}

/** Makes one, and gives it back: nothing else tells for certain. */
export async function askForVolume(): Promise<VolumeUnavailable | undefined> {
  const run = new RunFolder();
  try {
    const volume = await run.newRecordedVolume();
    await volume.dispose();
    return undefined;
  } catch (error) {
    if (error instanceof VolumeUnavailable) return error;
    throw error;
  } finally {
    run.giveUp();
    await run.dispose();
  }
}
