/**
 * Parts of a log that no manifest names: what a first start leaves when it is interrupted (no data in it), or what is
 * left when the manifest was deleted or lost (all the data).
 */
import { BytesIn } from "../codec/bytes-in.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { readRdb } from "../rdb/rdb-reader.ts";
import type { Server } from "../server.ts";
import type { DiskFile } from "../world/world.ts";
import type { AofFolder } from "./aof-folder.ts";
import { Manifest } from "./manifest.ts";
import { RecordReader } from "./record-reader.ts";

const windowBytes = 256 * 1024;

export interface StrayPart {
  readonly name: string;
  /** The line of a manifest that would name it. */
  readonly line: string;
}

/** What lies there, bases first, then by number; nothing when there is no data in any of it. */
export function logWithoutManifest(server: Server, folder: AofFolder): StrayPart[] {
  const { disk } = server.world;
  if (disk.kind(folder.path) !== "directory") return [];
  const prefix = `${server.config.get("appendfilename")}.`;
  const found = disk
    .list(folder.path)
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => {
      const [, digits = "", type = ""] = /^(\d+)\.(base|incr)\.(?:rdb|aof)$/.exec(name.slice(prefix.length)) ?? [];
      return type === "" ? [] : [{ name, seq: Number(digits), type }];
    })
    .sort((one, other) => one.type.localeCompare(other.type) || one.seq - other.seq);
  const hasData = found.some(({ name }) => holdsData(server, disk.open(`${folder.path}/${name}`, "read")));
  if (!hasData) return [];
  return found.map(({ name, seq, type }) => ({ name, line: Manifest.lineOf({ name, seq }, type as "base" | "incr") }));
}

function holdsData(server: Server, file: DiskFile): boolean {
  try {
    if (file.size() === 0) return false;
    return file.read(0, 1)[0] === "R".charCodeAt(0) ? holdsKeys(server, file) : holdsRecords(file);
  } catch (error) {
    // Damaged is not empty.
    if (error instanceof DamagedFile) return true;
    throw error;
  } finally {
    file.close();
  }
}

function holdsKeys(server: Server, file: DiskFile): boolean {
  let keys = 0;
  const input = new BytesIn(file, file.path);
  const reading = { limits: server.encodingLimits, checksum: false, pauseBytes: 1 };
  const visitor = { key: () => void keys++, function: () => void keys++ };
  const reader = readRdb(input, visitor, reading);
  while (keys === 0 && reader.next().done !== true);
  return keys > 0 || input.remaining > 0;
}

function holdsRecords(file: DiskFile): boolean {
  // What was never made durable may be there as NUL bytes, or as the beginning of a batch's line.
  if (isAll(file, 0)) return false;
  const reader = new RecordReader(file, 0);
  if (reader.next() !== undefined) return true;
  return reader.isTorn && file.read(0, 1)[0] !== "#".charCodeAt(0);
}

function isAll(file: DiskFile, byte: number): boolean {
  for (let at = 0; at < file.size(); at += windowBytes) {
    if (file.read(at, windowBytes).some((found) => found !== byte)) return false;
  }
  return true;
}
