/**
 * A bundle's outer form: a tar.gz with one folder in it, as `tar xzf` and every file manager open it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { extract, pack } from "tar-stream";

export interface ArchiveFile {
  readonly bytes: Uint8Array;
  readonly executable?: boolean;
}

/** By path, with `/`. A path that ends with `/` is a folder, which matters when it is empty. */
export type Archive = ReadonlyMap<string, ArchiveFile>;

/** The file cannot be taken apart: not a tar.gz, cut off, or with paths that lead out of it. */
export class DamagedArchive extends Error {
  override readonly name = "DamagedArchive";
}

/** What a store leaves after a few thousand calls is a few megabytes; this is no bundle of ours any more. */
const sizeBytesMax = 4 * 1024 ** 3;

export async function writeArchive(file: string, archive: Archive, modified: Date): Promise<void> {
  const tar = pack();
  for (const [name, { bytes, executable = false }] of archive) {
    const type = name.endsWith("/") ? "directory" : "file";
    const mode = executable || type === "directory" ? 0o755 : 0o644;
    tar.entry({ name, type, mode, mtime: modified }, Buffer.from(bytes));
  }
  tar.finalize();
  writeFileSync(file, await collect(Readable.from(tar), createGzip()));
}

/** @throws DamagedArchive */
export async function readArchive(file: string): Promise<Archive> {
  const archive = new Map<string, ArchiveFile>();
  try {
    const tar = extract();
    tar.end(await collect(Readable.from([readFileSync(file)]), createGunzip()));
    for await (const entry of tar) {
      const { name, type, mode } = entry.header;
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk as Uint8Array);
      if (type !== "file" && type !== "directory") continue;
      const inner = type === "directory" && !name.endsWith("/") ? `${name}/` : name;
      if (inner.startsWith("/") || inner.split("/").includes("..")) throw new Error(`${inner} leads out of it`);
      archive.set(inner, { bytes: Buffer.concat(chunks), executable: (mode & 0o100) !== 0 });
    }
  } catch (error) {
    throw new DamagedArchive(`${file} is no bundle: ${(error as Error).message}`);
  }
  return archive;
}

async function collect(source: Readable, through: NodeJS.ReadWriteStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const sink = new PassThrough();
  sink.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > sizeBytesMax) sink.destroy(new Error("it is larger than any bundle"));
    chunks.push(chunk);
  });
  await pipeline(source, through, sink);
  return Buffer.concat(chunks);
}
