/**
 * The language of the cases in `cases/*.txt`, which say in plain lines what a disk model means:
 *
 *     == a renamed manifest is lost until its folder is synced      a case: its title is the promise
 *     Prose, as much as helps.
 *       have     dir/                       laid before the store starts: durable
 *       have     dir/manifest old
 *       create   dir/temp                   what the disk is asked for, in order
 *       write    dir/temp new               appends; `@3` before the bytes: at that offset
 *       rename   dir/temp dir/manifest
 *       -------- renamed                    a crash point, with a name
 *       sync     dir                        also sync-start, sync-end, sync-fails
 *       -------- synced
 *     renamed
 *       strict            dir/ dir/manifest=old     every state that this model admits there, one a line
 *       prefix            dir/ dir/manifest=old     (a line without a model is one more of the model above)
 *                         dir/ dir/manifest=new
 *     synced
 *       strict, prefix    dir/ dir/manifest=new
 *
 * Bytes: `new`, or `x*4096` for a run, joined by `+`; `.` is a NUL. A file without `=` is empty, a name with a slash at
 * its end is a folder, and `nothing` is an empty disk.
 */
import { ScriptedDisk } from "./scripted-disk.ts";

export interface Case {
  readonly title: string;
  readonly disk: ScriptedDisk;
  /** By name of the crash point: its index. */
  readonly cuts: ReadonlyMap<string, number>;
  readonly expectations: readonly Expectation[];
}

export interface Expectation {
  readonly cut: string;
  readonly model: string;
  readonly states: readonly string[];
}

export function parseCases(text: string): Case[] {
  const [, ...parts] = `\n${text}`.split(/\n== /);
  return parts.map(parseCase);
}

function parseCase(text: string): Case {
  const [title = "", ...lines] = text.split("\n");
  const disk = new ScriptedDisk();
  const cuts = new Map<string, number>();
  const expectations: { cut: string; model: string; states: string[] }[] = [];
  let cut: string | undefined;
  for (const line of lines) {
    if (cuts.has(line)) cut = line;
    else if (cut !== undefined) expect(expectations, cut, line);
    else if (line.startsWith("  ")) play(disk, cuts, line.trim().split(/\s+/));
  }
  return { title, disk, cuts, expectations };
}

function expect(expectations: { cut: string; model: string; states: string[] }[], cut: string, line: string): void {
  const [, models, state] = /^ {2}([\w-]+(?:, [\w-]+)*)?\s+(\S.*)$/.exec(line) ?? [];
  if (state === undefined) return;
  const states = models === undefined ? (expectations.at(-1)?.states ?? []) : [];
  states.push(normalised(state));
  // Models on one line share one list.
  for (const model of models?.split(", ") ?? []) expectations.push({ cut, model, states });
}

function play(disk: ScriptedDisk, cuts: Map<string, number>, [verb = "", path = "", ...rest]: readonly string[]): void {
  if (verb !== "have" && !disk.journal.records.some(({ kind }) => kind === "settled")) disk.settled();
  if (verb.startsWith("--")) {
    cuts.set(path, disk.journal.records.length);
    return;
  }
  const act = verbs.get(verb);
  if (act === undefined) throw new Error(`a case says ${verb}, which no disk can do`);
  act(disk, path === "/" ? "" : path, ...rest);
}

type Act = (disk: ScriptedDisk, path: string, ...rest: string[]) => void;

const acts: Readonly<Record<string, Act>> = {
  have(disk, path, bytes = "") {
    if (path.endsWith("/")) disk.mkdir(path.slice(0, -1));
    else disk.create(path);
    if (bytes !== "") disk.write(path, bytesOf(bytes));
  },
  write(disk, path, first = "", second = "") {
    if (first.startsWith("@")) disk.write(path, bytesOf(second), Number(first.slice(1)));
    else disk.write(path, bytesOf(first));
  },
  create: (disk, path) => disk.create(path),
  mkdir: (disk, path) => disk.mkdir(path),
  truncate: (disk, path, size) => disk.truncate(path, Number(size)),
  punch: (disk, path, offset, length) => disk.fallocate(path, "punch", Number(offset), Number(length)),
  rename: (disk, path, to = "") => disk.rename(path, to),
  link: (disk, path, to = "") => disk.link(path, to),
  unlink: (disk, path) => disk.unlink(path),
  sync: (disk, path) => disk.sync(path),
  "sync-start": (disk, path) => disk.syncStart(path),
  "sync-end": (disk, path) => disk.syncEnd(path),
  "sync-fails": (disk, path) => disk.sync(path, false),
};

const verbs: ReadonlyMap<string, Act> = new Map(Object.entries(acts));

// ── Notation ──────────────────────────────────────────────────────────────────────────────────────────────────────

function bytesOf(notation: string): string {
  return notation
    .split("+")
    .map((part) => {
      const [, text = part, count = "1"] = /^(.)\*(\d+)$/.exec(part) ?? [];
      return text.repeat(Number(count));
    })
    .join("")
    .replaceAll(".", "\0");
}

/** The notation of a state, with runs of any length as the cases write them. */
export function notationOf(tree: ReadonlyMap<string, string>): string {
  if (tree.size === 0) return "nothing";
  return [...tree].map(([path, content]) => (content === "" ? path : `${path}=${runs(content)}`)).join(" ");
}

function normalised(state: string): string {
  if (state === "nothing") return state;
  const tree = state
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [path = "", content = ""] = entry.split("=");
      return [path, bytesOf(content)] as const;
    });
  return notationOf(new Map(tree.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Runs of eight or more are written short, with a `+` on each side of them. */
function runs(content: string): string {
  const parts = content.replaceAll("\0", ".").match(/(.)\1{7,}|(?:(.)(?!\2{7}))+/gs) ?? [];
  return parts
    .map((part) => (part.length > 7 && new Set(part).size === 1 ? `${part.charAt(0)}*${part.length}` : part))
    .join("+");
}
