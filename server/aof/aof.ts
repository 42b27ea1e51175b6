/**
 * The append-only log as a whole: whether there is one, and which of its parts does what.
 *
 *     off ── switched on ──► waiting ── first rewrite succeeded ──► on
 *      ▲                        │  ▲                                │
 *      └──── switched off ──────┘  └ rewrite failed: once more      └──► off
 *
 * While waiting, the data that is already there is not in any log yet: records go to a temporary file, and only the
 * rewrite's success makes base and records a log together. Before that, nothing of it would be loaded.
 */
import type { AofFolder } from "./aof-folder.ts";
import type { AofWriter } from "./aof-writer.ts";

export type AofState = "off" | "waiting" | "on";

export class Aof {
  readonly folder: AofFolder;
  readonly writer: AofWriter;
  state: AofState = "off";
  /** Base and incr files when the last rewrite ended, or the base alone after a start: what growth is measured by. */
  baseSizeBytes = 0;
  /** Of the files that are not written to any more. */
  private closedPartsBytes = 0;

  constructor(folder: AofFolder, writer: AofWriter) {
    this.folder = folder;
    this.writer = writer;
  }

  /** Whether records are wanted at all: while it waits, only from the moment on that the rewrite froze. */
  get wanted(): boolean {
    return this.state === "on" || (this.state === "waiting" && this.writer.isOpen);
  }

  /** All parts together. */
  get sizeBytes(): number {
    return this.closedPartsBytes + this.writer.fileSizeBytes;
  }

  /** Up to where records are durable; −1 while a restart would not load them at all. */
  get durablePosition(): number {
    return this.state === "on" ? this.writer.syncedPosition : -1;
  }

  /** After the manifest changed: which parts there are, and how large. */
  countParts(): void {
    const { manifest } = this.folder;
    const closed = [...(manifest.base === undefined ? [] : [manifest.base]), ...manifest.incrs.slice(0, -1)];
    this.closedPartsBytes = closed.reduce((sum, part) => sum + this.folder.sizeOf(part), 0);
  }
}
