/**
 * A drill: what a file system is put through, a step after the other, so that its disk can be cut between any two block
 * writes and what is then found compared with what had been asked. The steps are those of stores: files are appended to,
 * made, renamed and synced, never overwritten in place.
 *
 *     { do: "append", file: "b", bytes: 20_000 }      bytes that no other step writes, so that they tell whose they are
 *     { do: "write-back", file: "b" }                 the kernel begins to write its pages, and nobody waits for them
 *     { do: "sync", path: "c" }                       of a file or a folder
 *
 * What was asked is a journal like a store's (`DrillJournal`), so that laws and models are asked by their own predicates.
 */
import type { Image, ImageNode } from "../../disk/image.ts";
import { layDown } from "../../disk/lay-down.ts";
import { type Journal, rootInode } from "../../recording/journal.ts";
import type { Unstamped } from "../../recording/journal-file.ts";
import { MemoryJournal } from "../../recording/memory-journal.ts";

export type Step =
  | { readonly do: "append"; readonly file: string; readonly bytes: number }
  | { readonly do: "create"; readonly path: string }
  | { readonly do: "mkdir"; readonly path: string }
  | { readonly do: "rename"; readonly from: string; readonly to: string }
  /** `appendMeanwhile`: so many bytes are appended to the file while the sync is under way. */
  | { readonly do: "sync"; readonly path: string; readonly appendMeanwhile?: number }
  /** A sync that the disk is made to fail, by refusing the first block that is written for it. */
  | { readonly do: "sync-badly"; readonly path: string }
  | { readonly do: "write-back"; readonly file: string }
  | { readonly do: "wait"; readonly ms: number };

export interface Drill {
  readonly name: string;
  readonly why: string;
  /** Files with so many bytes, and folders (undefined), that are there and durable before the first step. */
  readonly before: Readonly<Record<string, number | undefined>>;
  readonly steps: readonly Step[];
}

/** When a step began and ended, and, of a sync: whether it ended well. As `drill-main.ts` prints it. */
export interface StepTimes {
  readonly step: number;
  readonly part: "step" | "append-meanwhile";
  readonly startNs: number;
  readonly endNs: number;
  readonly ok: boolean;
}

/** What step `step` appends: bytes that are nobody else's, and never NUL. */
export const fillOf = (step: number, part: StepTimes["part"] = "step"): number =>
  1 + 2 * step + (part === "step" ? 0 : 1);

const fillBefore = 0xee;

export function imageBefore({ before }: Drill): Image {
  const entries = Object.entries(before).map(([path, bytes]): [string, ImageNode] => [
    path,
    bytes === undefined ? { kind: "directory" } : { kind: "file", bytes: Buffer.alloc(bytes, fillBefore) },
  ]);
  return new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The drill as a store's journal would have it: a record at the moment at which a step began, a sync two. */
export function journalOf(drill: Drill, times: readonly StepTimes[]): Journal {
  return new DrillJournal(drill).record(times);
}

type Stamped = Unstamped & { readonly atNs: number };

class DrillJournal {
  readonly #drill: Drill;
  readonly #journal: MemoryJournal;
  readonly #inodes = new Map<string, number>([["", rootInode]]);
  readonly #sizes = new Map<number, number>();
  #nowNs = 0;
  #lastInode = rootInode;

  constructor(drill: Drill) {
    this.#drill = drill;
    this.#journal = new MemoryJournal(() => this.#nowNs);
    const image = imageBefore(drill);
    layDown(image, this.#journal);
    for (const [path, node] of image) {
      this.#inodes.set(path, ++this.#lastInode);
      if (node.kind === "file") this.#sizes.set(this.#lastInode, node.bytes.length);
    }
  }

  record(times: readonly StepTimes[]): Journal {
    const ends: { readonly atNs: number; readonly inode: number; readonly path: string; start: number; ok: boolean }[] =
      [];
    const records: (Stamped | { readonly end: (typeof ends)[number]; readonly atNs: number })[] = [];
    for (const time of times) {
      const step = this.#drill.steps[time.step] as Step;
      if (step.do === "sync" || step.do === "sync-badly") {
        if (time.part === "append-meanwhile") {
          records.push(this.#append(time, step.path, "appendMeanwhile" in step ? (step.appendMeanwhile ?? 0) : 0));
          continue;
        }
        const inode = this.#inodeAt(step.path);
        const scope = this.#sizes.has(inode) ? "file" : "directory";
        records.push({ atNs: time.startNs, kind: "sync-start", tid: 0, inode, path: step.path, scope });
        const end = { atNs: time.endNs, inode, path: step.path, start: 0, ok: time.ok };
        records.push({ end, atNs: time.endNs });
      } else if (step.do === "append") records.push(this.#append(time, step.file, step.bytes));
      else if (step.do === "create" || step.do === "mkdir") records.push(this.#make(time, step));
      else if (step.do === "rename") records.push(this.#rename(time, step));
    }
    records.sort((one, other) => one.atNs - other.atNs);
    const starts = new Map<number, number>();
    for (const record of records) {
      this.#nowNs = record.atNs;
      if ("end" in record) {
        const { inode, path, ok } = record.end;
        this.#journal.record({ kind: "sync-end", tid: 0, inode, path, start: starts.get(inode) as number, ok });
      } else {
        const { atNs: _, ...unstamped } = record;
        const index = this.#journal.record(unstamped as Unstamped);
        if (unstamped.kind === "sync-start") starts.set(unstamped.inode, index);
      }
    }
    return this.#journal;
  }

  #append({ step, part, startNs }: StepTimes, path: string, bytes: number): Stamped {
    const inode = this.#inodeAt(path);
    const offset = this.#sizes.get(inode) ?? 0;
    this.#sizes.set(inode, offset + bytes);
    const kept = this.#journal.keep(Buffer.alloc(bytes, fillOf(step, part)));
    return { atNs: startNs, kind: "write", tid: 0, inode, path, offset, ...kept };
  }

  #make({ startNs }: StepTimes, { do: what, path }: Extract<Step, { do: "create" | "mkdir" }>): Stamped {
    const inode = ++this.#lastInode;
    this.#inodes.set(path, inode);
    const named = { atNs: startNs, tid: 0, inode, parent: this.#inodeAt(folderOf(path)), path };
    if (what === "mkdir") return { kind: "mkdir", ...named };
    this.#sizes.set(inode, 0);
    return { kind: "create", type: "file", ...named };
  }

  #rename({ startNs }: StepTimes, { from, to }: Extract<Step, { do: "rename" }>): Stamped {
    const inode = this.#inodeAt(from);
    const replaced = this.#inodes.get(to);
    this.#inodes.delete(from);
    this.#inodes.set(to, inode);
    const [parent, fromParent] = [this.#inodeAt(folderOf(to)), this.#inodeAt(folderOf(from))];
    const of = { kind: "rename", tid: 0, inode, parent, path: to, fromParent, fromPath: from } as const;
    return { atNs: startNs, ...of, ...(replaced !== undefined && { replaced }) };
  }

  #inodeAt(path: string): number {
    const inode = this.#inodes.get(path);
    if (inode === undefined) throw new Error(`the drill ${this.#drill.name} uses ${path} before it is there`);
    return inode;
  }
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
