/**
 * Markdown in which nothing that a store or a key brought along is obeyed: no markup, no mention of anybody, no end of a
 * fence. Control characters are spelt out as in a terminal.
 */
import { harmless } from "./words.ts";

/** Running text. */
export function prose(text: string): string {
  return harmless(text)
    .replace(/[\\`*_{}[\]<>|~]/g, (character) => `\\${character}`)
    .replace(/[@#]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A few words as code; the bar would end the cell of a table that they stand in. */
export function inlineCode(text: string): string {
  const shown = harmless(text).replaceAll("|", "¦");
  const fence = "`".repeat(longestRun(shown) + 1);
  const blank = shown.startsWith("`") || shown.endsWith("`") || shown === "" ? " " : "";
  return `${fence}${blank}${shown}${blank}${fence}`;
}

/** Lines as they are. */
export function fenced(lines: readonly string[], language = ""): string[] {
  const shown = lines.map(harmless);
  const fence = "`".repeat(Math.max(3, longestRun(shown.join("\n")) + 1));
  return [`${fence}${language}`, ...shown, fence];
}

/** @param rows of cells that are Markdown already */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)];
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
