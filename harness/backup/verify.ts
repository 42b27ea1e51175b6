/** Starts a store on a copy of a backup, and counts what it serves: a backup that nobody ever restored is a hope. */
import { RunFolder } from "../run-folder.ts";
import { sweep } from "../sweep.ts";
import { identifyStore } from "../targets/identity.ts";
import { RefusedToStart } from "../targets/target.ts";
import { openTarget } from "../targets/targets.ts";
import type { CheckedBackup } from "./check-backup.ts";
import { realFiles } from "./real-files.ts";
import { directivesFor, restore } from "./restore.ts";

export interface Counted {
  /** As the store says itself. */
  readonly store: string;
  /** By database. */
  readonly keys: ReadonlyMap<number, number>;
}

/** The store does not start on it. */
export class NotServed extends Error {
  override readonly name = "NotServed";
}

/** @throws NotServed, TargetUnavailable */
export async function verify(backup: CheckedBackup, targetName: string): Promise<Counted> {
  await sweep();
  const run = new RunFolder();
  const target = await openTarget(targetName, run);
  try {
    const volume = run.newVolume();
    await restore(realFiles, backup, volume.dir);
    const instance = await target.start(volume, [["save", ""], ...directivesFor(backup)]);
    try {
      const client = await instance.connect();
      const reply = await client.send(["INFO", "keyspace"]);
      client.close();
      const { name, version } = await identifyStore(instance);
      const text = reply.kind === "string" ? reply.value : "";
      const keys = [...text.matchAll(/^db(\d+):keys=(\d+)/gm)].map(([, database, count]) =>
        [database, count].map(Number),
      );
      return { store: `${name} ${version}`, keys: new Map(keys as [number, number][]) };
    } finally {
      await instance.dispose();
    }
  } catch (error) {
    if (!(error instanceof RefusedToStart)) throw error;
    const log = error.lastLogLines.slice(-3).join("\n  ");
    throw new NotServed(`${targetName} does not start on this backup:\n  ${log}`);
  } finally {
    run.giveUp();
    await target.close();
    await run.dispose();
  }
}

export function countOf({ keys }: Counted): number {
  return [...keys.values()].reduce((sum, count) => sum + count, 0);
}
