/**
 * Reads the text of a redis.conf, and what the command line adds to it.
 *
 *     # a comment
 *     appendonly yes                       one directive a line, words as redis-cli splits them
 *     save 3600 1                          lines of `save` add up; the first one drops the defaults
 *     save 300 100
 *     include other.conf                   relative to the server's folder
 *     rename-command FLUSHALL ""
 *
 *     lossbound-server my.conf --port 7777 --save 60 1 --appendonly yes
 *                              └ reads as further lines of the file, behind its last one
 */
import path from "node:path";
import { splitArguments } from "../resp/split-arguments.ts";
import { type DirectiveName, directiveNamed, directiveNames, directiveOf, type Settings } from "./config.ts";
import { BadValue, quote } from "./directive.ts";

/** The text is what the user sees: where, which line, and what is wrong with it. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";

  constructor(source: string, line: number, text: string, why: string) {
    super(`${source}:${line}: this line cannot be used\n>>> '${text}'\n${why}`);
  }
}

/** A text to read, and what it is called in errors. */
export interface ConfigSource {
  readonly name: string;
  readonly text: string;
}

export interface ReadConfig {
  readonly settings: Partial<Settings>;
  /** From `rename-command`: name, and its new one; an empty one takes the command away. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
}

/** Gives the text of an included file, or of all that a pattern matches. */
export type ReadInclude = (path: string) => readonly ConfigSource[];

/**
 * Later lines win over earlier ones. `baseDir` is where the server starts: relative folders are taken from there.
 * @throws ConfigFileError
 */
export function readConfig(sources: readonly ConfigSource[], baseDir: string, include: ReadInclude): ReadConfig {
  const reading = new Reading(baseDir, include);
  for (const source of sources) reading.read(source, 0);
  return { settings: reading.settings as Partial<Settings>, renamed: reading.renamed };
}

const maxIncludeDepth = 16;
const deprecated = new Set(["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"]);

class Reading {
  readonly settings: Record<string, unknown>;
  readonly renamed: [string, string][] = [];
  private readonly include: ReadInclude;
  private readonly gathered = new Set<string>();

  constructor(baseDir: string, include: ReadInclude) {
    this.settings = { dir: baseDir };
    this.include = include;
  }

  read(source: ConfigSource, depth: number): void {
    source.text.split("\n").forEach((line, index) => {
      const text = line.trim();
      if (text === "" || text.startsWith("#")) return;
      const fail = (why: string): never => {
        throw new ConfigFileError(source.name, index + 1, text, why);
      };
      const words = splitArguments(text) ?? fail("Unbalanced quotes in configuration line");
      if (words.length === 0) return;
      try {
        this.directive((words[0] as string).toLowerCase(), words.slice(1), depth);
      } catch (error) {
        if (error instanceof BadValue) fail(error.message);
        throw error;
      }
    });
  }

  private directive(word: string, values: readonly string[], depth: number): void {
    const name = directiveOf(word);
    if (name !== undefined) {
      this.set(name, values);
    } else if (word === "include" && values.length === 1) {
      if (depth === maxIncludeDepth) throw new BadValue("Files include each other without end");
      const folder = this.settings.dir as string;
      for (const source of this.include(path.resolve(folder, values[0] as string))) this.read(source, depth + 1);
    } else if (word === "rename-command" && values.length === 2) {
      this.renamed.push([values[0] as string, values[1] as string]);
    } else if (!(deprecated.has(word) && values.length === 1)) {
      throw new BadValue(`Bad directive or wrong number of arguments${suggestion(word)}`);
    }
  }

  private set(name: DirectiveName, values: readonly string[]): void {
    const directive = directiveNamed(name);
    if (!directive.manyWords && values.length !== 1) throw new BadValue("wrong number of arguments");
    // One word that holds several, as `--save "60 1"` gives, is as good as several words.
    const [only = ""] = values;
    const words = directive.manyWords && values.length === 1 && only !== "" ? (splitArguments(only) ?? values) : values;
    const before = this.settings[name] ?? directive.initial;
    const value = directive.read(words, before);
    this.settings[name] =
      directive.gather !== undefined && this.gathered.has(name) ? directive.gather(before, value) : value;
    this.gathered.add(name);
  }
}

/** The directive that differs least from a mistyped one. */
function suggestion(word: string): string {
  const near = directiveNames.find((name) => differsLittle(name, word));
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

/** One letter more, less or other, or hyphens forgotten. */
function differsLittle(name: string, word: string): boolean {
  if (name.replaceAll(/[-_]/g, "") === word.replaceAll(/[-_]/g, "")) return true;
  if (Math.abs(name.length - word.length) > 1) return false;
  let start = 0;
  while (start < name.length && name[start] === word[start]) start++;
  const rest = (text: string, skip: number) => text.slice(start + skip);
  return rest(name, 1) === rest(word, 1) || rest(name, 1) === rest(word, 0) || rest(name, 0) === rest(word, 1);
}

/** What the command line asks for. */
export interface CommandLine {
  readonly configFile: string | undefined;
  readonly readStdin: boolean;
  /** The `--directive value` pairs, as lines of a file. */
  readonly options: string;
}

/** Reads `[CONF] [-] [--directive value …]`, as redis-server does. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const first = args[0];
  const configFile = first !== undefined && !first.startsWith("-") ? first : undefined;
  const rest = configFile === undefined ? args : args.slice(1);
  const lines: string[] = [];
  let readStdin = false;
  let mayBeName = true;
  rest.forEach((arg, index) => {
    const isEdge = (configFile === undefined && index === 0) || index === rest.length - 1;
    if (arg === "-" && isEdge) {
      readStdin = true;
    } else if (mayBeName && arg.startsWith("--")) {
      const isBareSave = arg.toLowerCase() === "--save" && (rest[index + 1] ?? "--").startsWith("--");
      lines.push(`${arg.slice(2)}${isBareSave ? ' ""' : ""}`);
      // A value may begin with two hyphens, but only right behind its directive.
      mayBeName = isBareSave || (splitArguments(arg)?.length ?? 0) > 1;
    } else {
      lines.push(`${lines.pop() ?? ""} ${quote(arg)}`);
      mayBeName = true;
    }
  });
  return { configFile, readStdin, options: lines.join("\n") };
}
