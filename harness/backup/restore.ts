/**
 * Puts a backup where a store will look for it. A folder that holds anything is never touched; what was copied is
 * checked against the same checksums; and the files get their names last, so that half of a restore is no data set.
 *
 *     snapshot   DATA/dump.rdb
 *     log        DATA/appendonlydir/…
 */
import { posix as path } from "node:path";
import type { Config } from "../targets/target.ts";
import { type BackupFiles, BrokenBackup } from "./backup-world.ts";
import type { CheckedBackup } from "./check-backup.ts";
import { sumsName } from "./names.ts";

const unfinished = ".lossbound-restore";
const dbfilename = "dump.rdb";
const appenddirname = "appendonlydir";

export class FolderNotEmpty extends Error {
  override readonly name = "FolderNotEmpty";
}

/**
 * @param data made when it is not there
 * @throws FolderNotEmpty, BrokenBackup when what was copied is not what was backed up
 */
export async function restore(files: BackupFiles, backup: CheckedBackup, data: string): Promise<void> {
  if ((await files.kindOf(data)) === undefined) await files.makeDir(data);
  const staging = path.join(data, unfinished);
  // Of a restore that died: it is ours, and claims nothing.
  await files.remove(staging);
  const [found] = await files.list(data);
  if (found !== undefined) {
    throw new FolderNotEmpty(`${data} is not empty (it holds ${found}): nothing of it is overwritten`);
  }
  await files.makeDir(staging);
  const names = [...backup.files.keys()].filter((name) => name !== sumsName);
  for (const name of names) {
    const copy = path.join(staging, name);
    await files.copy(path.join(backup.dir, name), copy);
    const sum = await files.sha256(copy);
    if (sum !== backup.files.get(name)) throw new BrokenBackup(`${name} is not what was backed up, once copied`);
    await files.sync(copy);
  }
  await files.sync(staging);
  if (backup.kind === "log") await files.rename(staging, path.join(data, appenddirname));
  else await files.rename(path.join(staging, names[0] as string), path.join(data, dbfilename));
  await files.sync(data);
  await files.remove(staging);
  await files.sync(data);
}

/** How a store has to be started to read what was restored: with appendonly yes it would never look at a snapshot. */
export function directivesFor({ kind, files }: CheckedBackup): Config {
  if (kind === "snapshot")
    return [
      ["appendonly", "no"],
      ["dbfilename", dbfilename],
    ];
  const manifest = [...files.keys()].find((name) => name.endsWith(".manifest")) ?? "appendonly.aof.manifest";
  return [
    ["appendonly", "yes"],
    ["appenddirname", appenddirname],
    ["appendfilename", manifest.slice(0, -".manifest".length)],
  ];
}
