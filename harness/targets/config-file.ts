/**
 * A config as the file that a store reads: a directive a line, in the syntax of redis.conf.
 *
 *     save 900 1
 *     appendonly yes
 *     dir "/tmp/with blanks/d1"        quoted where a blank, a quote or a byte that does not print asks for it
 */
import type { Config } from "./target.ts";

export function configText(config: Config): string {
  return config.map((directive) => `${directive.map(quoteIfNeeded).join(" ")}\n`).join("");
}

/** The value of a directive that takes one; the last one counts, as in the store. */
export function lastValue(config: Config, name: string): string | undefined {
  return config.findLast(([found]) => found.toLowerCase() === name)?.[1];
}

/** The save points in force: several on a line or a line each, and `save ""` takes all before it away. */
export function savePointsOf(config: Config): { readonly seconds: number; readonly changes: number }[] {
  const numbers = config.flatMap(([name, ...values]) => (name.toLowerCase() === "save" ? [values] : []));
  const inForce = numbers
    .slice(numbers.findLastIndex(([first]) => first === "") + 1)
    .flat()
    .map(Number);
  return Array.from({ length: Math.floor(inForce.length / 2) }, (_, index) => ({
    seconds: inForce[index * 2] as number,
    changes: inForce[index * 2 + 1] as number,
  }));
}

function quoteIfNeeded(word: string): string {
  return /^[\w./:*+,%@-]+$/.test(word) ? word : `"${[...Buffer.from(word)].map(escapeByte).join("")}"`;
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === "\\") return `\\${character}`;
  return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
}
