/** Checksum files as `sha256sum` writes and checks them: `HEX  NAME`, a line for each file, names without folders. */
import { BrokenBackup } from "./backup-world.ts";

export type Checksums = ReadonlyMap<string, string>;

export function checksumText(sums: Checksums): string {
  return [...sums].map(([name, hex]) => `${hex}  ${name}\n`).join("");
}

/** @throws BrokenBackup for anything else, half a line too */
export function parseChecksums(text: string, where: string): Checksums {
  if (!text.endsWith("\n")) throw new BrokenBackup(`${where} ends in the middle of a line`);
  const sums = new Map<string, string>();
  for (const line of text.slice(0, -1).split("\n")) {
    const [, hex, name] = /^([0-9a-f]{64}) [ *]([^/\\]+)$/.exec(line) ?? [];
    if (hex === undefined || name === undefined || name === "." || name === "..") {
      throw new BrokenBackup(`${where} holds a line that sha256sum would not write: ${JSON.stringify(line)}`);
    }
    sums.set(name, hex);
  }
  return sums;
}
