/**
 * The contract of a directive, and the usual kinds of them. A directive knows its own words: how a value is read from a
 * configuration file or CONFIG SET, how CONFIG GET prints it, and how CONFIG REWRITE writes it.
 */

/** What is wrong with a value; the words after `CONFIG SET failed (possibly related to argument 'x') - `. */
export class BadValue extends Error {
  override readonly name = "BadValue";
}

export interface Traits {
  /** Only a file or the command line can set it. */
  readonly fixed?: true;
  /** CONFIG GET shows it only when it is named in full. */
  readonly hidden?: true;
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly isProtected?: true;
  /** CONFIG SET is refused while loading. */
  readonly deniedWhileLoading?: true;
  /** Its value is several words. */
  readonly manyWords?: true;
  /** Its old name, which goes on working. */
  readonly alias?: string;
}

export interface Directive<V> extends Traits {
  readonly initial: V;
  /**
   * `before` is what it was until now, for directives that set only a part of themselves at a time.
   * @throws BadValue
   */
  read(words: readonly string[], before: V): V;
  /** As CONFIG GET prints it. */
  print(value: V): string;
  /** Its lines in a configuration file, the name left out, where they differ from `print`. */
  lines?(value: V): readonly string[];
  /** In a file, how a further line of it is joined with the earlier ones; undefined: the last line wins. */
  gather?(before: V, more: V): V;
}

export function yesNo(initial: boolean, traits: Traits = {}): Directive<boolean> {
  return {
    ...traits,
    initial,
    read([word = ""]) {
      const lower = word.toLowerCase();
      if (lower !== "yes" && lower !== "no") throw new BadValue("argument must be 'yes' or 'no'");
      return lower === "yes";
    },
    print: (value) => (value ? "yes" : "no"),
  };
}

export function oneOf<const W extends string>(
  words: readonly W[],
  initial: NoInfer<W>,
  traits: Traits = {},
): Directive<W> {
  return {
    ...traits,
    initial,
    read([word = ""]) {
      const found = words.find((known) => known === word.toLowerCase());
      if (found === undefined) throw new BadValue(`argument(s) must be one of the following: ${words.join(", ")}`);
      return found;
    },
    print: (value) => value,
  };
}

const int = 2 ** 31 - 1;
/** Stands for LLONG_MAX: no limit that anybody reaches. */
const long = Number.MAX_SAFE_INTEGER;

/** A whole number between `min` and `max`, inclusive. */
export function whole(
  initial: number,
  { min = 0, max = int }: { min?: number; max?: number } = {},
  traits: Traits = {},
): Directive<number> {
  return {
    ...traits,
    initial,
    read([word = ""]) {
      if (!/^(0|-?[1-9]\d{0,18})$/.test(word)) throw new BadValue("argument couldn't be parsed into an integer");
      return within(Number(word), min, max);
    },
    print: String,
  };
}

/** A number of bytes: `64mb`, `1k`, `100`. */
export function bytes(
  initial: number,
  { min = 0, max = long }: { min?: number; max?: number } = {},
  traits: Traits = {},
): Directive<number> {
  return {
    ...traits,
    initial,
    read: ([word = ""]) => within(readBytes(word), min, max),
    print: String,
    lines: (value) => [printBytes(value)],
  };
}

/** Like `bytes`, or a share of all memory: `5%`, kept as −5. */
export function bytesOrPercent(initial: number, traits: Traits = {}): Directive<number> {
  const print = (value: number) => (value < 0 ? `${-value}%` : String(value));
  return {
    ...traits,
    initial,
    read([word = ""]) {
      if (/^\d+%$/.test(word)) {
        const percent = Number(word.slice(0, -1));
        if (percent > 100) throw new BadValue("percentage argument must be less or equal to 100");
        return 0 - percent;
      }
      if (!/^\d+(b|[kmg]b?)?$/i.test(word)) throw new BadValue("argument must be a memory or percent value");
      return readBytes(word);
    },
    print,
    lines: (value) => [value < 0 ? print(value) : printBytes(value)],
  };
}

export function octal(initial: number, max: number, traits: Traits = {}): Directive<number> {
  return {
    ...traits,
    initial,
    read([word = ""]) {
      if (!/^[0-7]+$/.test(word)) throw new BadValue("argument couldn't be parsed as an octal number");
      return within(Number.parseInt(word, 8), 0, max);
    },
    print: (value) => value.toString(8),
  };
}

export function text(initial: string, traits: Traits & { check?: (value: string) => void } = {}): Directive<string> {
  return {
    ...traits,
    initial,
    read([word = ""]) {
      traits.check?.(word);
      return word;
    },
    print: (value) => value,
    lines: (value) => [quote(value)],
  };
}

/** Some of a few words, in any order and case. */
export function someOf<const W extends string>(
  words: readonly W[],
  initial: readonly NoInfer<W>[],
  traits: Traits & { check?: (value: readonly W[]) => void } = {},
): Directive<readonly W[]> {
  return {
    ...traits,
    manyWords: true,
    initial,
    read(given) {
      const lower = given.map((word) => word.toLowerCase());
      const value = words.filter((word) => lower.includes(word));
      if (lower.length === 0 || !lower.every((word) => words.some((known) => known === word))) {
        throw new BadValue(`argument(s) must be one of the following: ${words.join(", ")}`);
      }
      traits.check?.(value);
      return value;
    },
    print: (value) => value.join(" "),
  };
}

/** A name of a file or folder, and not a path. */
export function baseName(
  directive: string,
  kind: "filename" | "dirname",
  mayBeEmpty: boolean,
): (value: string) => void {
  return (value) => {
    if (value === "" && !mayBeEmpty) throw new BadValue(`${directive} can't be empty`);
    if (value.includes("/") || value.includes("\\")) {
      throw new BadValue(`${directive} can't be a path, just a ${kind}`);
    }
  };
}

/**
 * For what another server can do and this one cannot: every value is understood, and only `accepted` is taken.
 */
export function only<V>(directive: Directive<V>, accepted: (value: V) => boolean, why: string): Directive<V> {
  return {
    ...directive,
    read(words, before) {
      const value = directive.read(words, before);
      if (!accepted(value)) throw new BadValue(why);
      return value;
    },
  };
}

const multipliers: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

/** @throws BadValue */
export function readBytes(word: string): number {
  const match = /^(\d+)(b|[kmg]b?)?$/i.exec(word);
  if (match === null) throw new BadValue("argument must be a memory value");
  return Number(match[1]) * (multipliers[(match[2] ?? "").toLowerCase()] as number);
}

/** In the largest unit that gives a whole number, as CONFIG REWRITE does. */
export function printBytes(value: number): string {
  for (const unit of ["gb", "mb", "kb"]) {
    const multiplier = multipliers[unit] as number;
    if (value !== 0 && value % multiplier === 0) return `${value / multiplier}${unit}`;
  }
  return String(value);
}

/** In quotes, with what is not printable escaped: a word that `splitArguments` reads back. */
export function quote(value: string): string {
  const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x07": "\\a", "\b": "\\b" };
  const escaped = value
    .replace(/[\\"]/g, "\\$&")
    .replace(
      /[^\x20-\x7e]/g,
      (character) => escapes[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  return `"${escaped}"`;
}

function within(value: number, min: number, max: number): number {
  if (value < min || value > max) throw new BadValue(`argument must be between ${min} and ${max} inclusive`);
  return value;
}
