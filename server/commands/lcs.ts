/**
 * LCS: the longest common subsequence of two strings, or where they have it.
 *
 *     ohmytext  mynewtext   →   "mytext"    IDX: [ohmy[text]…  4-7 and 5-8], [2-3 and 0-1], length 6
 */
import { MapReply, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import { integer } from "./arguments.ts";
import type { Args, Command } from "./command.ts";

interface LcsOptions {
  readonly idx: boolean;
  readonly len: boolean;
  readonly withMatchLength: boolean;
  readonly minMatchLength: number;
}

/** Where a stretch of the subsequence stands in both strings; ends inclusive. */
interface Match {
  readonly first: readonly [start: number, end: number];
  readonly second: readonly [start: number, end: number];
}

function readOptions(args: Args): LcsOptions {
  let idx = false;
  let len = false;
  let withMatchLength = false;
  let minMatchLength = 0;
  for (let index = 3; index < args.length; index++) {
    const word = (args[index] as string).toUpperCase();
    const next = args[index + 1];
    if (word === "IDX") idx = true;
    else if (word === "LEN") len = true;
    else if (word === "WITHMATCHLEN") withMatchLength = true;
    else if (word === "MINMATCHLEN" && next !== undefined) {
      minMatchLength = Math.max(0, integer(next));
      index++;
    } else throw SYNTAX_ERROR;
  }
  if (idx && len) throw new ReplyError("ERR If you want both the length and indexes, please just use IDX.");
  return { idx, len, withMatchLength, minMatchLength };
}

/** lengths[j + i · (second.length + 1)]: the length for the first i and j characters. */
function lengthTable(first: string, second: string): Uint32Array {
  const width = second.length + 1;
  const lengths = new Uint32Array((first.length + 1) * width);
  for (let i = 1; i <= first.length; i++) {
    for (let j = 1; j < width; j++) {
      const at = j + i * width;
      lengths[at] =
        first[i - 1] === second[j - 1]
          ? (lengths[at - width - 1] as number) + 1
          : Math.max(lengths[at - width] as number, lengths[at - 1] as number);
    }
  }
  return lengths;
}

/** Walks the table back from its end: the subsequence, and its stretches, last first. */
function walkBack(first: string, second: string, lengths: Uint32Array): { text: string; matches: Match[] } {
  const width = second.length + 1;
  const characters: string[] = [];
  const matches: Match[] = [];
  let [i, j] = [first.length, second.length];
  let open: { i: number; j: number; length: number } | undefined;
  const close = () => {
    if (open === undefined) return;
    const { i: startI, j: startJ, length } = open;
    matches.push({ first: [startI, startI + length - 1], second: [startJ, startJ + length - 1] });
    open = undefined;
  };
  while (i > 0 && j > 0) {
    if (first[i - 1] === second[j - 1]) {
      i--;
      j--;
      characters.push(first[i] as string);
      if (open === undefined) open = { i, j, length: 1 };
      else open = { i, j, length: open.length + 1 };
      continue;
    }
    close();
    if ((lengths[j + (i - 1) * width] as number) > (lengths[j - 1 + i * width] as number)) i--;
    else j--;
  }
  close();
  return { text: characters.reverse().join(""), matches };
}

function lcs(args: Args, { db, server }: Session): Reply {
  const [first, second] = [args[1] as string, args[2] as string].map((key) => {
    const value = db.get(key) ?? "";
    if (typeof value === "object") throw new ReplyError("ERR The specified keys must contain string values");
    return String(value);
  }) as [string, string];
  const { idx, len, withMatchLength, minMatchLength } = readOptions(args);
  if ((first.length + 1) * (second.length + 1) * 4 > server.config.get("proto-max-bulk-len")) {
    throw new ReplyError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const lengths = lengthTable(first, second);
  const length = lengths.at(-1) as number;
  if (len) return length;
  const { text, matches } = walkBack(first, second, lengths);
  if (!idx) return text;
  const shown = matches
    .map((match) => ({ match, matchLength: match.first[1] - match.first[0] + 1 }))
    .filter(({ matchLength }) => matchLength >= minMatchLength)
    .map(({ match, matchLength }) => [match.first, match.second, ...(withMatchLength ? [matchLength] : [])]);
  return new MapReply([
    ["matches", shown],
    ["len", length],
  ]);
}

export const lcsCommands: readonly Command[] = [
  {
    name: "lcs",
    arity: -3,
    flags: new Set(["readonly"]),
    keys: { first: 1, last: 2, step: 1 },
    group: "string",
    run: lcs,
  },
];
