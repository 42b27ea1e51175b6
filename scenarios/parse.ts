/**
 * Reads a YAML file that a user wrote and checks it against a schema. Everything that is wrong is told in one go, each
 * with file:line:column and a caret; nothing is guessed and nothing is started on a file that is not right.
 */
import { readFileSync, statSync } from "node:fs";
import { isMap, isNode, isScalar, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { z } from "zod";
import { BadFile, type Problem, wholeFile } from "./problem.ts";
import { hint, nearest } from "./suggest.ts";

/** A value read from a file, with the way back to the places it came from. */
export interface Parsed<T> {
  readonly file: string;
  readonly value: T;
  /** A problem with what stands at `path`, for what only a later step can know. */
  problemAt(path: Path, message: string): Problem;
}

/** Where in the document: `["presets", 1]`. */
export type Path = readonly (string | number)[];

/** What a schema cannot know, e.g. which presets there are. Sees the document before it is checked: be tolerant. */
export type CrossCheck = (document: unknown) => readonly { readonly path: Path; readonly message: string }[];

/** A scenario is a page of text. What is bigger is another kind of file. */
const sizeBytesMax = 256 * 1024;

/** How the YAML itself is read. `merge`: `<<` brings the keys of an alias along, as compose files have it. */
export interface Dialect {
  readonly merge?: boolean;
}

/** @throws BadFile with all problems of the file. */
export function parseFile<S extends z.ZodType>(
  file: string,
  schema: S,
  check?: CrossCheck,
  dialect?: Dialect,
): Parsed<z.output<S>> {
  return parseText(file, readText(file), schema, check, dialect);
}

export function parseText<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
  check: CrossCheck = () => [],
  dialect: Dialect = {},
): Parsed<z.output<S>> {
  const source = new Source(file, text, dialect);
  const document = source.toPlain();
  const checked = schema.safeParse(document, { error: expectation });
  const problems = [
    ...(checked.error?.issues ?? []).flatMap((issue) => source.problemsOf(issue, document, schema)),
    ...check(document).map(({ path, message }) => source.problemAt(path, message)),
  ];
  if (checked.success && problems.length === 0) {
    return { file, value: checked.data, problemAt: (path, message) => source.problemAt(path, message) };
  }
  throw new BadFile(inOrder(problems));
}

/** By place, and one for each place: what is wrong with a word first is what its writer must know first. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const places = new Map<string, Problem>();
  for (const problem of problems) {
    const place = `${problem.line}:${problem.column}`;
    if (!places.has(place)) places.set(place, problem);
  }
  return [...places.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

function readText(file: string): string {
  const info = statSync(file, { throwIfNoEntry: false });
  if (info === undefined) throw wholeFile(file, "there is no such file");
  if (info.isDirectory()) throw wholeFile(file, "expected a YAML file, found a folder");
  if (!info.isFile()) throw wholeFile(file, "expected a YAML file, found something that is not a regular file");
  if (info.size > sizeBytesMax) {
    throw wholeFile(file, `expected a YAML file of at most ${sizeBytesMax / 1024} KB, found ${info.size} bytes`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const reason = error instanceof TypeError ? "it is not UTF-8 text" : String((error as Error).message);
    throw wholeFile(file, `expected a YAML file, but ${reason}`);
  }
  if (text.trim() === "") throw wholeFile(file, "expected a YAML document, found an empty file");
  return text;
}

/** One document, its text and its lines. */
class Source {
  private readonly file: string;
  private readonly lines: readonly string[];
  private readonly counter = new LineCounter();
  private readonly document: ReturnType<typeof parseDocument>;

  constructor(file: string, text: string, dialect: Dialect) {
    this.file = file;
    this.lines = text.split(/\r\n|\n/);
    try {
      this.document = parseDocument(text, { ...dialect, lineCounter: this.counter, prettyErrors: false });
    } catch (error) {
      // A parser that gives up on a document (nested ten thousand deep, say) is trouble with the document.
      throw wholeFile(file, `this cannot be read as YAML: ${(error as Error).message}`);
    }
    const troubles = [...this.document.errors, ...this.document.warnings];
    if (troubles.length > 0) {
      throw new BadFile(inOrder(troubles.map((each) => this.problem(each.pos[0], each.pos[1], yamlTrouble(each)))));
    }
  }

  /** The document as plain values. `null` for one that holds only comments. */
  toPlain(): unknown {
    try {
      return this.document.toJS({ maxAliasCount: 50 });
    } catch (error) {
      throw wholeFile(this.file, `this cannot be read as YAML: ${(error as Error).message}`);
    }
  }

  problemAt(path: Path, message: string): Problem {
    const node = this.nodeAt(path);
    const [start, end] = node?.range ?? [0, 0];
    return this.problem(start, end, message);
  }

  /** One issue of the schema, at the key or value that it is about: one problem for each unknown key. */
  problemsOf(issue: z.core.$ZodIssue, document: unknown, schema: z.ZodType): Problem[] {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") {
      const known = knownKeys(schema, document, path);
      return issue.keys.map((key) => this.problemAtKey([...path, key], `unknown key ${key}: ${hint(key, known)}`));
    }
    const parent = valueAt(document, path.slice(0, -1));
    const last = path.at(-1);
    const missing = last !== undefined && typeof parent === "object" && parent !== null && !(last in parent);
    if (missing) return [this.problemAtKey(path.slice(0, -1), `${last} is missing: ${issue.message}`)];
    const found = valueAt(document, path);
    return [this.problemAt(path, `${expected(issue, found)}, found ${describe(found)}`)];
  }

  private problemAtKey(path: Path, message: string): Problem {
    const parent = this.nodeAt(path.slice(0, -1));
    const pair = isMap(parent) ? parent.items.find((item) => keyOf(item) === path.at(-1)) : undefined;
    const key = isNode(pair?.key) ? pair.key : undefined;
    const [start, end] = key?.range ?? [0, 0];
    return this.problem(start, end, message);
  }

  private nodeAt(path: Path): Node | undefined {
    const node: unknown = path.length === 0 ? this.document.contents : this.document.getIn(path, true);
    return isNode(node) ? node : undefined;
  }

  private problem(start: number, end: number, message: string): Problem {
    const { line, col } = this.counter.linePos(start);
    // The end of a block that spans lines is on a later line: mark what is left of the first one.
    const text = this.lines[line - 1] ?? "";
    const length = Math.min(end - start, text.trimEnd().length - (col - 1));
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col), length, message, text };
  }
}

function yamlTrouble(error: { readonly code: string; readonly message: string }): string {
  return error.code === "MULTIPLE_DOCS"
    ? "expected one YAML document, found several"
    : `not valid YAML: ${error.message.replace(/\s+/g, " ").trim()}`;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : pair.key;
}

/** What the document holds at `path`; undefined when there is nothing, or something of another form on the way. */
export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<string, unknown> | null | undefined)?.[part], document);
}

// ── What the schema says, in the user's words ─────────────────────────────────────────────────────────────────────

const typeNames: Readonly<Record<string, string>> = {
  object: "keys and values",
  record: "keys and values",
  array: "a list",
  tuple: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** For what has no words of its own in the schema. */
function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${typeNames[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.join(" or ")}`;
    case "too_small":
      return issue.origin === "array"
        ? `expected a list of at least ${issue.minimum}`
        : `expected at least ${issue.minimum}`;
    default:
      return `expected something else (${issue.code})`;
  }
}

/** What would have been right, and of several words the one that was probably meant. */
function expected(issue: z.core.$ZodIssue, found: unknown): string {
  const words = wordsOf(issue).filter((word) => typeof word === "string");
  if (words.length < 2) return issue.message;
  const likely = typeof found === "string" ? nearest(found, words) : undefined;
  return `expected one of ${words.join(", ")}${likely === undefined ? "" : ` (did you mean ${likely}?)`}`;
}

function wordsOf(issue: z.core.$ZodIssue): readonly unknown[] {
  if (issue.code === "invalid_value") return issue.values;
  return issue.code === "invalid_union" && "options" in issue ? (issue.options as unknown[]) : [];
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const text = JSON.stringify(value);
  if (text.length <= 60) return text;
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "keys and values" : `${text.slice(0, 57)}…`;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema | JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly propertyNames?: { readonly enum?: readonly string[] };
}

/** The keys that may stand at `path`, given what the document holds there (which trigger it is decides its keys). */
function knownKeys(schema: z.ZodType, document: unknown, path: Path): string[] {
  const whole = z.toJSONSchema(schema, { io: "input", target: "draft-7", unrepresentable: "any" }) as JsonSchema;
  let places: readonly JsonSchema[] = alternatives(whole, document);
  for (const [index, part] of path.entries()) {
    const value = valueAt(document, path.slice(0, index + 1));
    places = places.flatMap((place) => alternatives(below(place, part), value));
  }
  return places.flatMap((place) => [...Object.keys(place.properties ?? {}), ...(place.propertyNames?.enum ?? [])]);
}

function below(place: JsonSchema, part: string | number): JsonSchema {
  if (typeof part === "string") return place.properties?.[part] ?? {};
  return [place.items].flat()[0] ?? {};
}

function alternatives(place: JsonSchema, value: unknown): readonly JsonSchema[] {
  const options = place.oneOf ?? place.anyOf;
  if (options === undefined) return [place];
  return options.flatMap((option) => alternatives(option, value)).filter((option) => fits(option, value));
}

function fits(option: JsonSchema, value: unknown): boolean {
  return Object.entries(option.properties ?? {}).every(
    ([key, { const: wanted }]) => wanted === undefined || valueAt(value, [key]) === wanted,
  );
}
