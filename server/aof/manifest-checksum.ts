/**
 * The manifest's checksum: a last line that its readers, Redis among them, pass over.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.4.incr.aof seq 4 type i
 *     #LB1 c9a1…3f                                     CRC-64 of everything before
 *
 * One bit decides there between a file that is replayed and one that is deleted (`i` and `h`), so what has rotted must
 * not be acted upon. A manifest without the line is another server's, or was written by hand.
 */
import { crc64 } from "../codec/crc64.ts";
import { ManifestError } from "./manifest.ts";

const line = /^#LB1 ([0-9a-f]{16})\n/m;

export function withChecksum(text: string): string {
  return `${text}#LB1 ${sumOf(text)}\n`;
}

/** @throws ManifestError */
export function verifyManifest(text: string): void {
  const found = line.exec(text);
  if (found === null) return;
  const covered = text.slice(0, found.index);
  const hasMore = found.index + found[0].length < text.length;
  if (!hasMore && sumOf(covered) === found[1]) return;
  throw new ManifestError(
    "The AOF manifest is not what was written: it does not match its checksum. If it was changed by hand, remove the " +
      "line that begins with #LB1; else restore it from a backup",
    text.slice(0, found.index).split("\n").length,
    found[0].trimEnd(),
  );
}

function sumOf(text: string): string {
  return crc64(Buffer.from(text, "latin1")).toString(16).padStart(16, "0");
}
