/**
 * `lossbound restore`: puts a backup where a store will find it, or shows that one could. Checksums are asked first; a
 * folder that holds anything is left alone; `--verify` starts a store on a copy and counts what it serves.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Command } from "commander";
import { counted } from "../../reports/words.ts";
import { BackupFailed, BrokenBackup } from "../backup/backup-world.ts";
import { type CheckedBackup, checkBackup } from "../backup/check-backup.ts";
import { parseBackupName } from "../backup/names.ts";
import { OffSite, parseS3Url } from "../backup/off-site.ts";
import { realFiles } from "../backup/real-files.ts";
import { directivesFor, FolderNotEmpty, restore as restoreInto } from "../backup/restore.ts";
import { type Counted, countOf, NotServed, verify } from "../backup/verify.ts";
import { Exit, type ExitCode, exitCodes } from "./exit.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Verb } from "./verb.ts";

interface RestoreOptions {
  readonly to?: string;
  readonly verify?: true;
  readonly target: string;
  readonly s3Endpoint?: string;
  readonly json?: true;
}

export const restore: Verb = {
  name: "restore",
  add(program: Command, surroundings: Surroundings, ends: (code: ExitCode) => void): void {
    program
      .command("restore")
      .summary("restore a backup, or verify that it could be")
      .description(
        "Checks a backup against its checksums and lays it into an empty data folder. With --verify a store is started on a copy of it, and its keys are counted; without --to that is all.",
      )
      .argument("<backup>", "a dump, a folder aof-…, s3://bucket/prefix/NAME, or a folder of backups: its newest")
      .option("--to <dir>", "the data folder: empty, or not there yet")
      .option("--verify", "start a store on a copy of it, and count its keys")
      .option("--target <store>", "for --verify: bundled, or the path of an executable", "bundled")
      .option("--s3-endpoint <url>", "an S3-compatible store that is not Amazon's")
      .option("--json", "what was found, as one JSON object")
      .addHelpText("after", examples)
      .action(async (backup: string, options: RestoreOptions) => {
        ends(await restoreBackup(backup, options, surroundings));
      });
  },
};

const examples = `
Examples:
  lossbound restore /backups --verify --target /usr/bin/redis-server
  lossbound restore /backups/dump-20261122-235900.rdb --to /var/lib/redis

Exit codes: 0 restored or verified, 1 the backup is broken, 2 wrong usage or a folder that is not empty, 3 cannot
`;

async function restoreBackup(wanted: string, options: RestoreOptions, { out }: Surroundings): Promise<ExitCode> {
  if (options.to === undefined && options.verify !== true) {
    throw new Exit(exitCodes.usage, "say where to with --to, or ask for --verify, or both");
  }
  const fetched = wanted.startsWith("s3://") ? mkdtempSync(path.join(tmpdir(), "lossbound-fetched-")) : undefined;
  try {
    const file = fetched === undefined ? await newestIn(wanted) : await fetchInto(fetched, wanted, options.s3Endpoint);
    const backup = await checkBackup(realFiles, file);
    const counts = options.verify === true ? await verify(backup, options.target) : undefined;
    if (options.to !== undefined) await restoreInto(realFiles, backup, dataFolder(options.to));
    const name = path.basename(file);
    if (options.json) out.stream.write(`${JSON.stringify(asJson(name, backup, counts, options), null, 2)}\n`);
    else out.stream.write(told(name, backup, counts, options));
    return exitCodes.held;
  } catch (error) {
    if (error instanceof BrokenBackup) throw new Exit(exitCodes.violated, `this backup is broken: ${error.message}`);
    if (error instanceof NotServed) throw new Exit(exitCodes.violated, error.message);
    if (error instanceof FolderNotEmpty) throw new Exit(exitCodes.usage, error.message);
    if (error instanceof BackupFailed) throw new Exit(exitCodes.unable, error.message);
    throw error;
  } finally {
    if (fetched !== undefined) rmSync(fetched, { recursive: true, force: true });
  }
}

/** A folder of backups stands for the newest in it: of a snapshot and a log of one moment, the log, which has more. */
async function newestIn(wanted: string): Promise<string> {
  const file = path.resolve(wanted);
  if ((await realFiles.kindOf(file)) === undefined) throw new Exit(exitCodes.usage, `there is no ${wanted}`);
  if (parseBackupName(path.basename(file)) !== undefined) return file;
  if ((await realFiles.kindOf(file)) === "file") return file;
  const [newest] = (await realFiles.list(file))
    .flatMap((name) => parseBackupName(name) ?? [])
    .sort((one, other) => other.takenMs - one.takenMs || (one.kind === "log" ? -1 : 1));
  if (newest === undefined) throw new Exit(exitCodes.usage, `${wanted} holds no backup`);
  return path.join(file, newest.name);
}

async function fetchInto(dir: string, url: string, endpoint: string | undefined): Promise<string> {
  const place = parseS3Url(path.posix.dirname(url));
  const name = path.posix.basename(url);
  if (place === undefined || parseBackupName(name) === undefined) {
    throw new Exit(exitCodes.usage, `expected s3://bucket/prefix/NAME of a backup, not ${url}`);
  }
  const offSite = await OffSite.open({ ...place, ...(endpoint !== undefined && { endpoint }) });
  try {
    await offSite.fetch(name, dir);
  } finally {
    offSite.close();
  }
  return path.join(dir, name);
}

function dataFolder(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true });
    return realpathSync(dir);
  } catch (error) {
    throw new Exit(exitCodes.usage, `${dir} cannot be made a data folder: ${(error as Error).message}`);
  }
}

function asJson(name: string, { kind }: CheckedBackup, counts: Counted | undefined, { to }: RestoreOptions) {
  return {
    backup: name,
    kind,
    ...(counts !== undefined && {
      keys: countOf(counts),
      databases: Object.fromEntries(counts.keys),
      store: counts.store,
    }),
    ...(to !== undefined && { restoredTo: to }),
  };
}

function told(name: string, backup: CheckedBackup, counts: Counted | undefined, { to }: RestoreOptions): string {
  const lines = [`${name}: ${counted(backup.files.size, "file")} as backed up`];
  if (counts !== undefined) {
    const each = [...counts.keys].map(([database, keys]) => `db${database}: ${keys}`);
    lines.push(
      `${counts.store} starts on it and serves ${counted(countOf(counts), "key")}${each.length > 0 ? ` (${each.join(", ")})` : ""}`,
    );
  }
  if (to !== undefined) {
    lines.push(`restored to ${to}; start the store with these directives, or it may not look there:`);
    for (const directive of directivesFor(backup)) lines.push(`  ${directive.join(" ")}`);
    if (backup.kind === "snapshot") lines.push("and switch the log on again once it serves: CONFIG SET appendonly yes");
  }
  return `${lines.join("\n")}\n`;
}
