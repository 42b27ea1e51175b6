/**
 * The log, taken whole: manifest, base and incrs as they belong together.
 *
 *     note        what auto-aof-rewrite-percentage was, safe on the disk before it is changed
 *     hold        CONFIG SET auto-aof-rewrite-percentage 0, and wait until no rewrite runs or is due
 *     link        a hard link to every file that the manifest lists, and to the manifest; the same manifest afterwards?
 *     release     CONFIG SET back: the links keep the files, however long the copy takes
 *     copy        out of the store's file system, each file synced; the last incr up to its last whole command
 *     name        .partial-aof-… becomes aof-…, and the folder is synced
 *
 * Where files cannot be linked (another file system, not our rights) they are copied while rewrites are held off.
 */
import { posix as path } from "node:path";
import { OddFile, parseManifest } from "../recover/parse.ts";
import { BackupFailed, type BackupWorld, CannotLink } from "./backup-world.ts";
import { checksumText } from "./checksums.ts";
import { type Claim, type Held, runIdOf } from "./claim.ts";
import { LogCut } from "./log-cut.ts";
import { backupName, partialPrefix, sumsName } from "./names.ts";
import type { Place } from "./snapshot.ts";
import { mustReadDirective, persistenceInfo, readDirective, sendOrFail, until } from "./store-words.ts";

const directive = "auto-aof-rewrite-percentage";
const attemptsMax = 20;

export async function keepsLog(world: BackupWorld): Promise<boolean> {
  return (await readDirective(world, "appendonly")) === "yes";
}

/** @returns the name of the backup */
export async function takeLog(world: BackupWorld, claim: Claim, place: Place): Promise<string> {
  const { files } = world;
  const { to, takenMs } = place;
  const source = await logFolder(world, place);
  const name = backupName("log", takenMs);
  const partial = path.join(to, partialPrefix + name);
  await files.makeDir(partial);
  const held: Held = {
    directive,
    value: await mustReadDirective(world, directive),
    runId: await runIdOf(world),
    links: path.join(place.data, `.lossbound-links-${name}`),
  };
  let released = false;
  try {
    let taken: TakenFiles;
    try {
      await holdRewrites(world, claim, held);
      taken = await linkOrCopy(world, source, held.links, partial);
    } finally {
      world.enters("release");
      await sendOrFail(world, ["CONFIG", "SET", directive, held.value]);
      released = true;
    }
    world.enters("copy");
    if (taken.linked) await copyFiles(world, taken.listed, held.links, partial);
  } finally {
    // A store that could not be told stays noted: the next backup tells it.
    if (released) {
      await files.remove(held.links);
      await claim.note(undefined);
    }
  }
  world.enters("sum");
  const sums = new Map<string, string>();
  for (const file of await files.list(partial)) sums.set(file, await files.sha256(path.join(partial, file)));
  const sumFile = path.join(partial, sumsName);
  await files.writeText(sumFile, checksumText(sums));
  await files.sync(sumFile);
  await files.sync(partial);
  world.enters("name");
  await files.rename(partial, path.join(to, name));
  await files.sync(to);
  return name;
}

interface LogFolder {
  readonly dir: string;
  readonly manifest: string;
}

async function logFolder(world: BackupWorld, { data }: Place): Promise<LogFolder> {
  const folder = await readDirective(world, "appenddirname");
  if (folder === undefined) {
    throw new BackupFailed(
      "a store before 7.0 keeps its log in one file, which cannot be taken whole: take a snapshot",
    );
  }
  const dir = path.join(data, folder);
  const manifest = `${await mustReadDirective(world, "appendfilename")}.manifest`;
  if ((await world.files.kindOf(path.join(dir, manifest))) === "file") return { dir, manifest };
  throw new BackupFailed(`the store keeps a log, and there is no ${dir}/${manifest}: name its data folder with --data`);
}

async function holdRewrites(world: BackupWorld, claim: Claim, held: Held): Promise<void> {
  world.enters("hold");
  await claim.note(held);
  await sendOrFail(world, ["CONFIG", "SET", directive, "0"]);
  world.enters("wait");
  await until(world, "the rewrite to end", async () => {
    const info = await persistenceInfo(world);
    return info.get("aof_rewrite_in_progress") === "0" && info.get("aof_rewrite_scheduled") === "0";
  });
}

interface TakenFiles {
  /** In the order of the manifest, which comes last. */
  readonly listed: readonly string[];
  readonly linked: boolean;
}

/** Somebody may ask for a rewrite by hand all the same: then the manifest is another one, and all is done again. */
async function linkOrCopy(
  world: BackupWorld,
  { dir, manifest }: LogFolder,
  links: string,
  partial: string,
): Promise<TakenFiles> {
  const { files } = world;
  world.enters("link");
  const manifestFile = path.join(dir, manifest);
  let linked = true;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const before = await files.readText(manifestFile);
    if (before === undefined) throw new BackupFailed(`${manifestFile} is gone`);
    const listed = [...listedIn(before, manifestFile), manifest];
    try {
      if (linked) await linkFiles(world, listed, dir, links);
      else await copyFiles(world, listed, dir, partial);
      if ((await files.readText(manifestFile)) === before) return { listed, linked };
    } catch (error) {
      if (error instanceof CannotLink) linked = false;
      else if (!isMissing(error)) throw error;
    }
    await files.remove(links);
    for (const name of await files.list(partial)) await files.remove(path.join(partial, name));
    await world.clock.sleep(50);
  }
  throw new BackupFailed("the log was rewritten again and again while it was taken: who asks for rewrites by hand?");
}

function listedIn(text: string, file: string): string[] {
  try {
    const { base, incrs } = parseManifest(Buffer.from(text, "utf8"));
    return [...(base === undefined ? [] : [base]), ...incrs];
  } catch (error) {
    if (error instanceof OddFile) throw new BackupFailed(`${file} cannot be read: ${error.message}`);
    throw error;
  }
}

async function linkFiles({ files }: BackupWorld, names: readonly string[], from: string, to: string): Promise<void> {
  await files.remove(to);
  await files.makeDir(to);
  for (const name of names) await files.link(path.join(from, name), path.join(to, name));
}

/** Only the last incr is still being written; what comes before it ends where it ends. */
async function copyFiles({ files }: BackupWorld, names: readonly string[], from: string, to: string): Promise<void> {
  const growing = names.at(-2);
  for (const name of names) {
    const target = path.join(to, name);
    const cut = new LogCut();
    await files.copy(path.join(from, name), target, name === growing ? (piece) => cut.see(piece) : undefined);
    if (cut.endBytes < cut.seenBytes) await files.truncate(target, cut.endBytes);
    await files.sync(target);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
