/**
 * Splits a line into words by redis-cli's quoting rules. Inline requests, redis.conf and the AOF manifest use it.
 *
 *     set  "a b"  'c\'d'  "\x00\n"     →     set, a b, c'd, NUL LF
 */

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const blank = /\s/;

/** The words, or undefined when a quote is not closed or is followed by something else than a blank. */
export function splitArguments(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isBlank(line[at] as string)) at++;
    if (at >= line.length) return words;
    let word = "";
    while (at < line.length && !isBlank(line[at] as string)) {
      const quote = line[at] as string;
      if (quote !== '"' && quote !== "'") {
        word += quote;
        at++;
        continue;
      }
      const quoted = readQuoted(line, at);
      if (quoted === undefined) return undefined;
      word += quoted.text;
      at = quoted.end;
      if (at < line.length && !isBlank(line[at] as string)) return undefined;
    }
    words.push(word);
  }
}

function isBlank(character: string): boolean {
  return blank.test(character) || character === "\0";
}

/** What stands between the quote at `start` and its twin; `end` is behind the twin. */
function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line[start] as string;
  let text = "";
  for (let at = start + 1; at < line.length; at++) {
    const character = line[at] as string;
    if (character === quote) return { text, end: at + 1 };
    if (character !== "\\") {
      text += character;
    } else if (quote === "'") {
      if (line[at + 1] === "'") at++;
      text += line[at] as string;
    } else {
      const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
      if (hex !== null) {
        text += String.fromCharCode(Number.parseInt(hex[1] as string, 16));
        at += 3;
      } else {
        const next = line[at + 1];
        if (next === undefined) return undefined;
        text += escapes[next] ?? next;
        at++;
      }
    }
  }
  return undefined;
}
