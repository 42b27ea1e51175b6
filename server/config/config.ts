/**
 * The configuration of one server: a value for every directive, what can change at run time, and who is told.
 *
 *     config.get("appendfsync")                          "everysec" | "always" | "no", typed by the table
 *     config.whenSet("appendonly", (on) => { … })        called after CONFIG SET; what it throws is undone and answered
 */
import { ReplyError } from "../resp/reply.ts";
import { BadValue, type Directive } from "./directive.ts";
import { directives } from "./directives.ts";

export type DirectiveName = keyof typeof directives;
export type ValueOf<N extends DirectiveName> = (typeof directives)[N] extends Directive<infer V> ? V : never;
export type Settings = { [N in DirectiveName]: ValueOf<N> };

/** Makes a new value effective. Throws `BadValue` when it cannot: then the old value stays. */
type Apply<V> = (value: V, before: V) => void;

/** The directive as code that does not know its type sees it. */
type AnyDirective = Directive<unknown>;

const table = directives as unknown as Readonly<Record<string, AnyDirective>>;
const names = Object.keys(directives) as DirectiveName[];
const aliases = new Map(
  names.flatMap((name) => {
    const { alias } = table[name] as AnyDirective;
    return alias === undefined ? [] : [[alias, name] as const];
  }),
);

/** The place of one value. */
export interface Setting<V> {
  readonly value: V;
}

interface Place {
  value: unknown;
}

/** What `get` needs of CONFIG SET's caller. */
export interface SetRights {
  readonly maySetProtected: boolean;
  readonly loading: boolean;
}

export class Config {
  /** A Map, because requests ask for values all the time, and it is looked up fastest. */
  private readonly settings = new Map<string, Place>();
  private readonly given: Readonly<Record<string, unknown>>;
  private readonly applies = new Map<string, Apply<unknown>>();
  /** The file it was read from, absolute; undefined without one. CONFIG REWRITE writes it. */
  readonly file: string | undefined;

  /** Values that are not given are the defaults. */
  constructor(settings: Partial<Settings> = {}, file?: string) {
    this.given = settings;
    this.file = file;
  }

  get<N extends DirectiveName>(name: N): ValueOf<N> {
    return this.valueOf(name) as ValueOf<N>;
  }

  /** Where the value is, now and after every change: for what is asked with every request, of which `get` is a good part. */
  setting<N extends DirectiveName>(name: N): Setting<ValueOf<N>> {
    return this.place(name) as Setting<ValueOf<N>>;
  }

  /** Tells `apply` of every change by CONFIG SET. One listener per directive: whom it belongs to. */
  whenSet<N extends DirectiveName>(name: N, apply: Apply<ValueOf<N>>): void {
    this.applies.set(name, apply as Apply<unknown>);
  }

  /** Changes a value as CONFIG SET does, but for what only a file may set. */
  set<N extends DirectiveName>(name: N, value: ValueOf<N>): void {
    const before = this.valueOf(name);
    this.put(name, value);
    this.applies.get(name)?.(value, before);
  }

  /**
   * CONFIG SET: all of the pairs, or none. Gives back what sets them to what they were.
   * @throws ReplyError
   */
  setWords(pairs: readonly (readonly [name: string, value: string])[], rights: SetRights): () => void {
    const wanted = this.resolve(pairs, rights);
    const before = new Map<string, unknown>(wanted.map(({ name }) => [name, this.valueOf(name)]));
    const applied: string[] = [];
    let current = "";
    try {
      for (const { name, words } of wanted) {
        current = name;
        this.put(name, (table[name] as AnyDirective).read(words, this.valueOf(name)));
      }
      for (const { name } of wanted) {
        current = name;
        if (same(this.valueOf(name), before.get(name))) continue;
        applied.push(name);
        this.applies.get(name)?.(this.valueOf(name), before.get(name));
      }
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.restore(
        before,
        applied.filter((name) => name !== current),
      );
      throw failedSet(current, error.message);
    }
    return () => this.restore(before, applied);
  }

  private restore(before: ReadonlyMap<string, unknown>, applied: readonly string[]): void {
    const undone = new Map(applied.map((name) => [name, this.valueOf(name)]));
    for (const [name, value] of before) this.put(name, value);
    for (const name of applied) this.applies.get(name)?.(before.get(name), undone.get(name));
  }

  /** CONFIG GET: name and value of whatever one of the patterns matches; `matches` is the glob. */
  find(patterns: readonly string[], matches: (pattern: string, name: string) => boolean): [string, string][] {
    const found = new Map<string, string>();
    for (const pattern of patterns.map((word) => word.toLowerCase())) {
      if (!/[[*?]/.test(pattern)) {
        if (directiveOf(pattern) !== undefined) found.set(pattern, this.print(pattern));
        continue;
      }
      for (const name of [...names, ...aliases.keys()]) {
        const directive = table[directiveOf(name) as string] as AnyDirective;
        if (directive.hidden !== true && matches(pattern, name)) found.set(name, this.print(name));
      }
    }
    return [...found];
  }

  /** As CONFIG GET prints it; `name` may be an alias. */
  print(name: string): string {
    const known = directiveOf(name) as DirectiveName;
    return (table[known] as AnyDirective).print(this.valueOf(known));
  }

  /** Its lines in a configuration file, and whether they must stand there: the value is not the default. */
  lines(name: DirectiveName): { lines: readonly string[]; forced: boolean } {
    const directive = table[name] as AnyDirective;
    const value = this.valueOf(name);
    const lines = directive.lines?.(value) ?? [directive.print(value)];
    return { lines: lines.map((line) => `${name} ${line}`), forced: !same(value, directive.initial) };
  }

  private valueOf(name: string): unknown {
    return this.place(name).value;
  }

  private put(name: string, value: unknown): void {
    this.place(name).value = value;
  }

  /** Made when it is first asked for: a server asks for few of them. */
  private place(name: string): Place {
    const known = this.settings.get(name);
    if (known !== undefined) return known;
    const { given } = this;
    const place = { value: Object.hasOwn(given, name) ? given[name] : (table[name] as AnyDirective).initial };
    this.settings.set(name, place);
    return place;
  }

  private resolve(pairs: readonly (readonly [string, string])[], rights: SetRights) {
    const wanted: { name: DirectiveName; words: readonly string[] }[] = [];
    for (const [given, value] of pairs) {
      const name = directiveOf(given);
      if (name === undefined) {
        throw new ReplyError(`ERR Unknown option or number of arguments for CONFIG SET - '${given}'`);
      }
      const directive = table[name] as AnyDirective;
      const fail = (why: string): never => {
        throw failedSet(given, why);
      };
      if (directive.fixed) fail("can't set immutable config");
      if (directive.isProtected && !rights.maySetProtected) fail("can't set protected config");
      if (directive.deniedWhileLoading && rights.loading) {
        throw new ReplyError("LOADING Redis is loading the dataset in memory");
      }
      if (wanted.some((other) => other.name === name)) fail("duplicate parameter");
      wanted.push({ name, words: directive.manyWords ? value.split(" ") : [value] });
    }
    return wanted;
  }
}

export const directiveNames: readonly DirectiveName[] = names;

/** The directive that a word names, directly or by its alias, in any case. */
export function directiveOf(word: string): DirectiveName | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(table, lower) ? (lower as DirectiveName) : aliases.get(lower);
}

/** For whoever reads a file: the directive behind a name. */
export function directiveNamed(name: DirectiveName): AnyDirective {
  return table[name] as AnyDirective;
}

export function failedSet(name: string, why: string): ReplyError {
  return new ReplyError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`);
}

function same(first: unknown, second: unknown): boolean {
  return JSON.stringify(first) === JSON.stringify(second);
}
