/**
 * How reports write numbers, lengths of time and what strangers named: one way, in every reporter that people read.
 */

/** `85 ms`, `2.18 s`, `2 min 13 s`: three digits say enough. */
export function inTime(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 0.1) return "under 0.1 ms";
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  const minutes = Math.floor(Math.round(ms / 1_000) / 60);
  return `${minutes} min ${Math.round(ms / 1_000) - minutes * 60} s`;
}

/** `140 KB`, `9.1 MB`: decimal, as disks are sold. */
export function inBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} KB`;
  const megabytes = bytes / 1_000_000;
  return `${Number(megabytes.toFixed(megabytes < 10 ? 1 : 0)).toLocaleString("en-US")} MB`;
}

/** `12,034` */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 kill`, `12,034 kills` */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `4.2 %`, two digits, rounded up: what was not excluded must not read as impossible. */
export function inPercent(share: number): string {
  if (share === 0) return "0 %";
  const percent = share * 100;
  const unit = 10 ** Math.floor(Math.log10(percent) - 1);
  // A hair less before rounding up, so that 3 % stays 3 % whatever a double makes of it.
  const rounded = Math.ceil(percent / unit - 1e-9) * unit;
  return `${Number(rounded.toPrecision(2))} %`;
}

/**
 * Text that a store, a key or a log line brought along, made harmless for a terminal: control characters, and those
 * that turn the direction of writing, are spelt out instead of obeyed.
 */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

/** Breaks a text at blanks into lines of at most `columns`; a longer word stands alone and is not cut. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The beginning of a text that is too long for its place. */
export function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, Math.floor(columns) - 1))}…`;
}
