/**
 * A snapshot, as people take it: BGSAVE, wait, copy the file.
 *
 *     BGSAVE ─ "in progress"? wait for that one, ask again ─ begun ─ INFO: not running any more
 *                                                                    LASTSAVE, rdb_saves: it was ours that succeeded
 *     dir/dbfilename ──copy──▶ .partial-dump-…rdb ─ sync ─ its checksum beside it ─ rename ─ sync of the folder
 *
 * Waiting is all there is to it: copied right after BGSAVE, the file is the one before. The store puts a whole file in
 * the place of another, so a copy that has opened one reads that one to its end.
 */
import { posix as path } from "node:path";
import { BackupFailed, type BackupWorld } from "./backup-world.ts";
import { checksumText } from "./checksums.ts";
import { backupName, partialPrefix, sumFileOf } from "./names.ts";
import { integerIn, mustReadDirective, persistenceInfo, sendOrFail, until } from "./store-words.ts";

export interface Place {
  /** Of backups. */
  readonly to: string;
  /** Of the store, as this machine sees it. */
  readonly data: string;
  readonly takenMs: number;
}

/** @returns the name of the backup */
export async function takeSnapshot(world: BackupWorld, { to, data, takenMs }: Place): Promise<string> {
  const { files } = world;
  world.enters("save");
  await saveNow(world);
  world.enters("copy");
  const source = path.join(data, await mustReadDirective(world, "dbfilename"));
  const name = backupName("snapshot", takenMs);
  const partial = path.join(to, partialPrefix + name);
  if ((await files.kindOf(source)) !== "file") {
    throw new BackupFailed(`the store has saved, and there is no ${source}: name its data folder with --data`);
  }
  await files.copy(source, partial);
  await files.sync(partial);
  world.enters("sum");
  const sum = checksumText(new Map([[name, await files.sha256(partial)]]));
  const partialSum = path.join(to, partialPrefix + sumFileOf(name));
  await files.writeText(partialSum, sum);
  await files.sync(partialSum);
  world.enters("name");
  // The checksum first, and safe, so that there never is a backup without one.
  await files.rename(partialSum, path.join(to, sumFileOf(name)));
  await files.sync(to);
  await files.rename(partial, path.join(to, name));
  await files.sync(to);
  return name;
}

/** Resolves when a save that began after the call has succeeded. @throws BackupFailed */
async function saveNow(world: BackupWorld): Promise<void> {
  const savesBefore = savesOf(await persistenceInfo(world));
  const beganS = await storeTimeS(world);
  await until(world, "the store to begin a save", async () => {
    const reply = await world.store.send(["BGSAVE"]);
    if (reply.kind !== "error") return true;
    if (!/in progress|child process/i.test(reply.message)) {
      throw new BackupFailed(`the store refused BGSAVE: ${reply.message}`);
    }
    return false;
  });
  await until(world, "the save to end", async () => {
    const info = await persistenceInfo(world);
    return info.get("rdb_bgsave_in_progress") === "0";
  });
  const info = await persistenceInfo(world);
  const saves = savesOf(info);
  const isLater = integerIn(await sendOrFail(world, ["LASTSAVE"])) >= beganS;
  const succeeded =
    saves === undefined || savesBefore === undefined
      ? isLater && info.get("rdb_last_bgsave_status") === "ok"
      : isLater && saves > savesBefore;
  if (!succeeded) throw new BackupFailed("the store's BGSAVE failed: its own log says why");
}

/** Saves that succeeded since the start; stores before 7.0 do not tell. */
function savesOf(info: ReadonlyMap<string, string>): number | undefined {
  const text = info.get("rdb_saves");
  return text === undefined ? undefined : Number(text);
}

async function storeTimeS(world: BackupWorld): Promise<number> {
  const reply = await sendOrFail(world, ["TIME"]);
  const first = reply.kind === "array" ? reply.items[0] : undefined;
  if (first?.kind !== "string") throw new BackupFailed("the store does not tell the time");
  return Number(first.value);
}
