/** Is a backup what its checksums say? Asked before anything is done with it. */
import { posix as path } from "node:path";
import { type BackupFiles, BrokenBackup } from "./backup-world.ts";
import { parseChecksums } from "./checksums.ts";
import { type BackupKind, parseBackupName, sumFileOf, sumsName } from "./names.ts";

export interface CheckedBackup {
  readonly kind: BackupKind;
  /** The folder that its files are in. */
  readonly dir: string;
  /** Every file with its checksum; of a log its manifest among them. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * @param backup the path of a dump or of a folder aof-…
 * @throws BrokenBackup with the reason
 */
export async function checkBackup(files: BackupFiles, backup: string): Promise<CheckedBackup> {
  const name = path.basename(backup);
  const kind = await files.kindOf(backup);
  if (kind === undefined) throw new BrokenBackup(`there is no ${backup}`);
  const isLog = kind === "directory";
  const known = parseBackupName(name);
  if (known !== undefined && (known.kind === "log") !== isLog) throw new BrokenBackup(`${backup} is a ${kind}`);
  const dir = isLog ? backup : path.dirname(backup);
  const sumFile = path.join(dir, isLog ? sumsName : sumFileOf(name));
  const text = await files.readText(sumFile);
  if (text === undefined) throw new BrokenBackup(`${backup} has no checksums: there is no ${sumFile}`);
  const sums = parseChecksums(text, sumFile);
  if (!isLog && (sums.size !== 1 || !sums.has(name))) throw new BrokenBackup(`${sumFile} is about another file`);
  if (isLog && ![...sums.keys()].some((file) => file.endsWith(".manifest"))) {
    throw new BrokenBackup(`${backup} has no manifest`);
  }
  for (const [file, hex] of sums) {
    const whole = path.join(dir, file);
    if ((await files.kindOf(whole)) !== "file") throw new BrokenBackup(`${whole} is missing`);
    const found = await files.sha256(whole);
    if (found !== hex) throw new BrokenBackup(`${whole} is not what was backed up: sha256 ${found}, expected ${hex}`);
  }
  return { kind: isLog ? "log" : "snapshot", dir, files: sums };
}
