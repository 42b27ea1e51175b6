/**
 * Which laws and models real file systems were seen to confirm (N6): what `lossbound calibrate` found, kept as data, so
 * that a report on a machine without loop devices can say it too. Made anew by
 *
 *     lossbound calibrate --json | node tools/confirmations.mjs
 *
 * A law that binds the disk is confirmed where it was at stake and never broken, one that permits something where that
 * was seen. A model is confirmed where a state was left that it admits and no milder one does.
 */
import type { LawId } from "../../disk/disk-model.ts";
import { type FilesystemName, filesystemNames } from "../filesystems.ts";

export interface Confirmation {
  /** `uname -r` of the machine that was asked. */
  readonly kernel: string;
  readonly mountOptions: string;
  /** So many states that a power cut left were looked at. */
  readonly powerCuts: number;
  readonly laws: readonly LawId[];
  /** By name. */
  readonly models: readonly string[];
  /** Laws that no drill put at stake there: nothing is known of them. */
  readonly notAtStake: readonly LawId[];
}

export const confirmations: Readonly<Record<FilesystemName, Confirmation>> = {
  ext4: {
    kernel: "6.18.44-fc-v669",
    mountOptions: "loop,noatime,commit=1",
    powerCuts: 489,
    laws: ["L1", "L2", "L3", "L4", "L5", "L6", "L8", "L9", "L10", "L13", "L14"],
    models: ["process-crash", "ordered", "prefix", "cross", "metadata-first", "pages"],
    notAtStake: [],
  },
  xfs: {
    kernel: "6.18.44-fc-v669",
    mountOptions: "loop,noatime,nouuid",
    powerCuts: 394,
    laws: ["L1", "L2", "L3", "L4", "L5", "L6", "L8", "L9", "L10", "L14"],
    models: ["process-crash", "ordered", "prefix", "cross", "pages"],
    notAtStake: [],
  },
  btrfs: {
    kernel: "6.18.44-fc-v669",
    mountOptions: "loop,noatime,commit=1",
    powerCuts: 796,
    laws: ["L1", "L2", "L3", "L4", "L5", "L7", "L8", "L9", "L14", "L15", "L18"],
    models: ["process-crash", "ordered", "prefix", "cross", "metadata-first", "strict", "random-metadata"],
    notAtStake: [],
  },
};

/** File systems that were seen to do what a law says. */
export function lawConfirmedOn(law: LawId): FilesystemName[] {
  return filesystemNames.filter((name) => confirmations[name].laws.includes(law));
}

/** File systems that were seen to leave what a model says may be left, and no milder one does. */
export function modelConfirmedOn(model: string): FilesystemName[] {
  return filesystemNames.filter((name) => confirmations[name].models.includes(model));
}

export function confirmedInWords(names: readonly FilesystemName[]): string {
  return names.length === 0 ? "not confirmed" : `confirmed on ${names.join(", ")}`;
}
