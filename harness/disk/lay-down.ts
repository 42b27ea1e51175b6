/** How a journal begins on a disk that holds something already: with operations that make it, all of them durable. */
import { type Kept, rootInode } from "../recording/journal.ts";
import type { Unstamped } from "../recording/journal-file.ts";
import type { Image } from "./image.ts";

export interface JournalSink {
  keep(bytes: Uint8Array): Kept;
  record(record: Unstamped): number;
}

/** @throws Error for an image that holds a file and not its folder. */
export function layDown(image: Image, journal: JournalSink): void {
  const numbers = new Map<string, number>([["", rootInode]]);
  for (const [path, node] of image) {
    const inode = rootInode + numbers.size;
    const parent = numbers.get(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    if (parent === undefined) throw new Error(`the image holds ${path} but not its folder`);
    numbers.set(path, inode);
    const named = { tid: 0, inode, parent, path };
    if (node.kind === "directory") {
      journal.record({ kind: "mkdir", ...named });
    } else {
      journal.record({ kind: "create", ...named, type: "file" });
      const kept = journal.keep(node.bytes);
      if (kept.length > 0) journal.record({ kind: "write", tid: 0, inode, path, offset: 0, ...kept });
    }
  }
  journal.record({ kind: "settled", tid: 0 });
}
