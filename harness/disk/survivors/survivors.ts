/**
 * Survivors: which pending operations reached the disk, said in as few words as a disk model needs.
 *
 * A set of thousands of operations is nearly always "what came before this record", told apart by kind and by file:
 *
 *     metadata   ●───●──●─┤                        names and resizes before `metadataTo`
 *     file 3     ●●─●──●──────●─┤                  writes before `writesTo`, or before its own cut in `files`
 *     file 7     ●●───┤                            of the write at `writesTo` what is before `tornTo` in its file
 *
 * All numbers are record indexes of the journal, so that a line of text names a crash state of a recording for ever:
 *
 *     new m1204 w1204 +8192        torn            new m1300 w1300 f7=1250         cross
 *     old n1201,1203 d             random-metadata, after a failed sync whose pages kept their old bytes
 */
import type { Reading } from "../disk-model.ts";
import type { DiskOp } from "../disk-op.ts";
import { pageBytes } from "../units.ts";

/** Of a disk that keeps metadata in order (L6, L10). Durable operations survive whatever the numbers say. */
export interface OrderedSurvivors {
  readonly commits: "any-sync";
  readonly reading: Reading;
  readonly metadataTo: number;
  readonly writesTo: number;
  /** By inode: its writes survive up to here instead. */
  readonly files?: ReadonlyMap<number, number>;
  /** Offset in its file at which the write at `writesTo` is cut (L13). */
  readonly tornTo?: number;
  /** The sizes of writes before `metadataTo` survive without their bytes (L16). */
  readonly sizes?: true;
  /** Pages on which only writes before `to` survive (L17). By inode and page, rising. */
  readonly olderPages?: readonly OlderPage[];
}

export interface OlderPage {
  readonly inode: number;
  readonly page: number;
  readonly to: number;
}

/** Of a disk that keeps no order among names (L7). */
export interface UnorderedSurvivors {
  readonly commits: "own-sync";
  readonly reading: Reading;
  /** The pending name operations that survive, rising. */
  readonly names: readonly number[];
  /** Whether pending bytes and sizes do. */
  readonly data: boolean;
}

export type Survivors = OrderedSurvivors | UnorderedSurvivors;

/** Whether a pending operation, torn by the model that speaks, is among them. */
export function survives(survivors: Survivors, op: DiskOp): boolean {
  if (survivors.commits === "own-sync") {
    return op.kind === "name" ? survivors.names.includes(op.index) : survivors.data;
  }
  const { metadataTo, writesTo, files, tornTo, sizes, olderPages } = survivors;
  const cut = files?.get(op.inode) ?? writesTo;
  // Where the bytes are, the size is.
  if (op.kind === "size") return op.index < cut || (sizes === true && op.index < metadataTo);
  if (op.kind !== "write") return op.index < metadataTo;
  const older = olderPages?.find(({ inode, page }) => inode === op.inode && page === Math.floor(op.from / pageBytes));
  if (older !== undefined && op.index >= older.to) return false;
  if (op.index === writesTo && tornTo !== undefined) return op.to <= tornTo;
  return op.index < cut;
}

/** For people: what of the pending reached the disk when the power went before record `pointIndex`. */
export function survivorsInWords(survivors: Survivors, pointIndex: number): string {
  if (survivors.commits === "own-sync") {
    const { names, data } = survivors;
    const which = names.length === 0 ? "no names" : `the names of records ${names.join(", ")}`;
    return `${which}, ${data ? "all bytes" : "no bytes"}`;
  }
  const { metadataTo, writesTo, files, tornTo, sizes, olderPages } = survivors;
  if (metadataTo === 0 && writesTo === 0) return "nothing of it";
  const isPlain = files === undefined && tornTo === undefined && olderPages === undefined;
  if (isPlain && metadataTo >= pointIndex && writesTo >= pointIndex) return "all of it";
  const parts = [`names before record ${metadataTo}, writes before record ${writesTo}`];
  if (tornTo !== undefined) parts.push(`the write after them cut at byte ${tornTo} of its file`);
  if (files !== undefined) parts.push(`${files.size === 1 ? "one file" : `${files.size} files`} up to another record`);
  if (sizes) parts.push("later sizes without their bytes");
  if (olderPages !== undefined) parts.push(`${olderPages.length} pages with older bytes`);
  return parts.join("; ");
}

// ── As text ───────────────────────────────────────────────────────────────────────────────────────────────────────

export function survivorsToText(survivors: Survivors): string {
  if (survivors.commits === "own-sync") {
    return `${survivors.reading} n${survivors.names.join(",")}${survivors.data ? " d" : ""}`;
  }
  const { reading, metadataTo, writesTo, files, tornTo, sizes, olderPages } = survivors;
  const words = [reading, `m${metadataTo}`, `w${writesTo}`];
  if (tornTo !== undefined) words.push(`+${tornTo}`);
  if (files !== undefined) words.push(`f${[...files].map(([inode, to]) => `${inode}=${to}`).join(",")}`);
  if (sizes) words.push("z");
  if (olderPages !== undefined) {
    words.push(`p${olderPages.map(({ inode, page, to }) => `${inode}.${page}=${to}`).join(",")}`);
  }
  return words.join(" ");
}

/** @throws RangeError when it is no such text. */
export function survivorsFromText(text: string): Survivors {
  const [reading, first, ...rest] = text.split(" ");
  if (reading !== "new" && reading !== "old") throw notSurvivors(text);
  if (first?.startsWith("n")) {
    const names =
      first === "n"
        ? []
        : first
            .slice(1)
            .split(",")
            .map((word) => whole(word, text));
    return { commits: "own-sync", reading, names, data: rest[0] === "d" };
  }
  const words = new Map([first ?? "", ...rest].map((word) => [word.charAt(0), word.slice(1)]));
  const pairs = (letter: string) =>
    words
      .get(letter)
      ?.split(",")
      .map((pair) => pair.split("=") as [string, string | undefined]);
  const files = pairs("f")?.map(([inode, to]) => [whole(inode, text), whole(to, text)] as const);
  const olderPages = pairs("p")?.map(([place, to]) => {
    const [inode, page] = place.split(".");
    return { inode: whole(inode, text), page: whole(page, text), to: whole(to, text) };
  });
  return {
    commits: "any-sync",
    reading,
    metadataTo: whole(words.get("m"), text),
    writesTo: whole(words.get("w"), text),
    ...(words.has("+") && { tornTo: whole(words.get("+"), text) }),
    ...(files !== undefined && { files: new Map(files) }),
    ...(words.has("z") && { sizes: true as const }),
    ...(olderPages !== undefined && { olderPages }),
  };
}

function whole(word: string | undefined, text: string): number {
  if (word === undefined || !/^\d+$/.test(word)) throw notSurvivors(text);
  return Number(word);
}

const notSurvivors = (text: string) => new RangeError(`"${text}" does not say what survived`);
