/**
 * A backup as it should not be taken: files are copied while the store writes them. It is here so that what goes wrong
 * with it can be shown, and so that the scenarios that judge backups are seen to find it.
 *
 *     snapshot   BGSAVE, cp dump.rdb                 the answer to BGSAVE says that it began
 *     log        cp -r appendonlydir                 the list of names first, then one after the other: that takes time
 */
import { posix as path } from "node:path";
import type { BackupWorld } from "./backup-world.ts";
import { mustReadDirective, sendOrFail } from "./store-words.ts";

/** @param pauseMs from one file to the next: what large files take. @param to an empty folder, as the data folder is laid out */
export async function copyPlainly(
  world: BackupWorld,
  takes: "snapshot" | "log",
  data: string,
  to: string,
  pauseMs: number,
): Promise<void> {
  if (takes === "snapshot") {
    await sendOrFail(world, ["BGSAVE"]);
    await copyIfThere(world, path.join(data, await mustReadDirective(world, "dbfilename")), path.join(to, "dump.rdb"));
    return;
  }
  const folder = await mustReadDirective(world, "appenddirname");
  await world.files.makeDir(path.join(to, folder));
  for (const name of await world.files.list(path.join(data, folder))) {
    await copyIfThere(world, path.join(data, folder, name), path.join(to, folder, name));
    await world.clock.sleep(pauseMs);
  }
}

/** `cp` complains of what vanished, and goes on. */
async function copyIfThere({ files }: BackupWorld, from: string, to: string): Promise<void> {
  if ((await files.kindOf(from)) === "file") await files.copy(from, to);
}
