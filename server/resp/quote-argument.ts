/** The reverse of split-arguments.ts: a word as it must be written so that it reads back as one word. */

const short: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};
const plainWord = /^[!#-&(-[\]-~]+$/;
const special = /[\\"]|[^ -~]/g;

/** As it is when it is plain, else in double quotes; what cannot be printed as `\xff`. Latin1. */
export function quoteArgument(word: string): string {
  if (plainWord.test(word)) return word;
  return quote(word);
}

/** In double quotes, always. */
export function quote(word: string): string {
  return `"${word.replace(special, (c) => short[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
}
