/**
 * Short words of requests: command names, options, fields, small numbers. They come again and again, so a table keeps
 * the last ones met, and a word found there costs neither a call into Node nor memory. The same string every time also
 * makes looking up a command cheap: its hash is known.
 *
 *     "SET" → place 417 of the table → the string that stands there, if its bytes are the same; else a new one
 */

/** Longer ones are rarely met twice. */
export const longestShortWord = 8;
const places = 1024;

const words = new Array<string>(places).fill("");

/** The latin1 string of `bytes` from `from` to `to`, at most `longestShortWord` of them. */
export function shortWord(bytes: Buffer, from: number, to: number): string {
  let hash = to - from;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  const place = (hash ^ (hash >>> 10)) & (places - 1);
  const known = words[place] as string;
  if (isAt(known, bytes, from, to)) return known;
  const word = bytes.toString("latin1", from, to);
  words[place] = word;
  return word;
}

/** Whether `bytes` from `from` to `to` are this word. */
export function isAt(word: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (word.length !== to - from) return false;
  for (let index = 0; index < word.length; index++) {
    if (word.charCodeAt(index) !== bytes[from + index]) return false;
  }
  return true;
}
