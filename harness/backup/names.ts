/**
 * What a folder of backups holds, by name:
 *
 *     dump-20261122-235900.rdb           a snapshot, and beside it what `sha256sum --check` reads
 *     dump-20261122-235900.rdb.sha256
 *     aof-20261122-235900/               the log taken whole: manifest, base, incrs, and SHA256SUMS
 *     .partial-…                         not complete: of a backup under way, or of one that died
 *     .lossbound-backup                  who is at work here, and what has to be undone should he die; see claim.ts
 *
 * Times are UTC: no hour comes twice a year. What has its name claims to be complete, so the name comes last.
 */

export type BackupKind = "snapshot" | "log";

export interface BackupName {
  readonly kind: BackupKind;
  /** `dump-20261122-235900.rdb` */
  readonly name: string;
  readonly takenMs: number;
}

export const partialPrefix = ".partial-";
export const sumsName = "SHA256SUMS";

const forms: Readonly<Record<BackupKind, readonly [prefix: string, suffix: string]>> = {
  snapshot: ["dump-", ".rdb"],
  log: ["aof-", ""],
};

export function backupName(kind: BackupKind, takenMs: number): string {
  const [prefix, suffix] = forms[kind];
  return `${prefix}${stampOf(takenMs)}${suffix}`;
}

/** The file beside a snapshot that has its checksum. */
export function sumFileOf(name: string): string {
  return `${name}.sha256`;
}

/** Undefined for whatever is no backup. */
export function parseBackupName(name: string): BackupName | undefined {
  for (const kind of ["snapshot", "log"] as const) {
    const [prefix, suffix] = forms[kind];
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) continue;
    const takenMs = parseStamp(name.slice(prefix.length, name.length - suffix.length));
    if (takenMs !== undefined) return { kind, name, takenMs };
  }
  return undefined;
}

/** `20261122-235900` */
function stampOf(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  return `${date.replaceAll("-", "")}-${time.slice(0, 8).replaceAll(":", "")}`;
}

function parseStamp(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
