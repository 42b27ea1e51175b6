/**
 * A service of a compose file, as far as it decides what survives a crash: its image, and the directives that its command
 * gives the store.
 *
 *     services:
 *       cache:
 *         image: redis:7-alpine
 *         command: >                                   a text that a shell would split, or a list of words
 *           redis-server --save 900 1 --save 300 10
 *           --appendonly yes --appendfsync ${FSYNC:-everysec}
 *
 * What cannot be understood is told with its place, and nothing is guessed: half a config tested would be a lie about the
 * other half. Directives that say where the store lives (port, dir, passwords) are left out, and named.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { splitDirective } from "./cross-check.ts";
import { type Parsed, type Path, parseFile } from "./parse.ts";
import type { Directive } from "./preset.ts";
import { BadFile } from "./problem.ts";
import { hint } from "./suggest.ts";

export interface ComposeService {
  readonly file: string;
  readonly service: string;
  readonly image: string;
  /** The program that the command names; absent when it begins with a flag, or when there is no command. */
  readonly program?: string;
  readonly directives: readonly Directive[];
  /** Names of directives that only say where a store lives, and were left out. */
  readonly leftOut: readonly string[];
}

const words = z.array(z.union([z.string(), z.number(), z.boolean()], { error: "expected a word" }));
const composeSchema = z.looseObject(
  {
    services: z.record(
      z.string(),
      z.looseObject({
        image: z.string({ error: "expected an image, like redis:7-alpine" }).optional(),
        command: z.union([z.string(), words, z.null()], { error: "expected a text or a list of words" }).optional(),
        entrypoint: z.unknown().optional(),
        volumes: z.array(z.unknown()).optional(),
      }),
      { error: "expected services by name" },
    ),
  },
  { error: "expected a compose file" },
);

type Compose = Parsed<z.output<typeof composeSchema>>;

/** They say where the store lives and who may talk to it. The harness decides that. */
const ofPlace = new Set(
  "port bind dir unixsocket unixsocketperm daemonize supervised logfile pidfile requirepass masterauth masteruser user aclfile protected-mode replicaof slaveof".split(
    " ",
  ),
);
const programs = /^(.*\/)?(redis-server|valkey-server|keydb-server|lossbound-server)$/;
const entrypoint = /^(.*\/)?docker-entrypoint(\.sh)?$/;

/**
 * @param service absent: the only one.
 * @param environment for `${NAME}`; what it lacks is looked for in `.env` beside the file, as compose does.
 * @throws BadFile
 */
export function readCompose(file: string, service: string | undefined, environment: NodeJS.ProcessEnv): ComposeService {
  const compose = parseFile(file, composeSchema, () => [], { merge: true });
  const name = service ?? onlyService(compose);
  const found = compose.value.services[name];
  if (found === undefined) {
    const known = Object.keys(compose.value.services);
    throw bad(compose, ["services"], `there is no service ${name}: ${hint(name, known)}`);
  }
  const reader = new Reader(compose, ["services", name], { ...dotEnv(file), ...environment });
  const { image, command, entrypoint, volumes = [] } = found;
  if (image === undefined)
    throw bad(compose, reader.at, "image is missing: what is built from a folder cannot be looked up");
  if (entrypoint !== undefined && entrypoint !== null) {
    throw bad(
      compose,
      [...reader.at, "entrypoint"],
      "it has an entrypoint of its own, and what that does is not known",
    );
  }
  const argv = command === undefined || command === null ? [] : reader.words(command);
  return { file, service: name, image: reader.text(image, "image"), ...reader.config(argv, volumes) };
}

function bad(compose: Compose, at: Path, message: string): BadFile {
  return new BadFile([compose.problemAt(at, message)]);
}

function onlyService(compose: Compose): string {
  const [first, ...others] = Object.keys(compose.value.services);
  if (first !== undefined && others.length === 0) return first;
  const known = Object.keys(compose.value.services).join(", ");
  throw bad(
    compose,
    ["services"],
    first === undefined ? "expected a service, found none" : `name one with --service: ${known}`,
  );
}

function dotEnv(file: string): NodeJS.Dict<string> {
  const beside = path.join(path.dirname(file), ".env");
  return existsSync(beside) ? parseEnv(readFileSync(beside, "utf8")) : {};
}

/** What one service says. */
class Reader {
  readonly at: Path;
  readonly #compose: Compose;
  readonly #environment: NodeJS.Dict<string>;

  constructor(compose: Compose, at: Path, environment: NodeJS.Dict<string>) {
    this.#compose = compose;
    this.at = at;
    this.#environment = environment;
  }

  text(written: string, ...below: Path): string {
    return interpolated(written, this.#environment, (message) => this.#bad(below, message));
  }

  words(command: string | readonly (string | number | boolean)[]): string[] {
    if (typeof command !== "string") return command.map((word, index) => this.text(String(word), "command", index));
    const split = shellWords(this.text(command, "command"));
    if (split === undefined) throw this.#bad(["command"], "a quote is opened and not closed");
    return split;
  }

  /** From the words of the command: program, config file, then flags with their values. */
  config(
    argv: readonly string[],
    volumes: readonly unknown[],
  ): Pick<ComposeService, "program" | "directives" | "leftOut"> {
    const rest = [...argv];
    if (entrypoint.test(rest[0] ?? "")) rest.shift();
    const program = programs.test(rest[0] ?? "") ? rest.shift() : undefined;
    const directives: Directive[] = [];
    if (rest[0] !== undefined && !rest[0].startsWith("--")) {
      if (!/\.conf$|\//.test(rest[0])) {
        throw this.#bad(["command"], `expected redis-server or valkey-server and its flags, found ${rest[0]}`);
      }
      directives.push(...this.#configFile(rest.shift() as string, volumes));
    }
    directives.push(...flags(rest));
    const isOfPlace = ([directive]: Directive) => ofPlace.has(directive);
    const leftOut = [...new Set(directives.filter(isOfPlace).map(([directive]) => directive))];
    const kept = directives.filter((directive) => !isOfPlace(directive));
    return { ...(program !== undefined && { program: path.basename(program) }), directives: kept, leftOut };
  }

  /** One that a volume brings into the container can be read; one that is in the image cannot. */
  #configFile(inContainer: string, volumes: readonly unknown[]): Directive[] {
    for (const [index, volume] of volumes.entries()) {
      const bound = bindOf(volume, (written) => this.text(written, "volumes", index));
      if (bound === undefined || !inside(inContainer, bound.target)) continue;
      const below = path.posix.relative(bound.target, inContainer);
      const file = path.resolve(path.dirname(this.#compose.file), bound.source, below);
      if (!existsSync(file)) throw this.#bad(["volumes", index], `there is no ${file}`);
      return readFileSync(file, "utf8")
        .split(/\r?\n/)
        .flatMap((line) => {
          const directive = /^\s*(#|$)/.test(line) ? undefined : splitDirective(line);
          if (directive?.[0].toLowerCase() === "include") {
            throw this.#bad(["volumes", index], `${file} includes another file, which is not read`);
          }
          return directive === undefined ? [] : [lowerCased(directive)];
        });
    }
    throw this.#bad(["command"], `${inContainer} is in no volume that is bound from this machine: it cannot be read`);
  }

  #bad(below: Path, message: string): BadFile {
    return bad(this.#compose, [...this.at, ...below], message);
  }
}

const lowerCased = ([name, ...values]: Directive): Directive => [name.toLowerCase(), ...values];

const inside = (file: string, folder: string): boolean =>
  file === folder || file.startsWith(`${folder.replace(/\/$/, "")}/`);

/** `./redis.conf:/etc/redis.conf:ro`, or the long form with `type: bind`. */
function bindOf(volume: unknown, text: (written: string) => string): { source: string; target: string } | undefined {
  if (typeof volume === "string") {
    const [source = "", target] = text(volume).split(":");
    return target !== undefined && /^[./~]/.test(source) ? { source, target } : undefined;
  }
  const { type, source, target } = (volume ?? {}) as Readonly<Record<string, unknown>>;
  if (type !== "bind" || typeof source !== "string" || typeof target !== "string") return undefined;
  return { source: text(source), target: text(target) };
}

/** `--save 900 1 --save 300 10`: a flag and what follows it up to the next, as redis-server reads its command line. */
function flags(argv: readonly string[]): Directive[] {
  const directives: [string, ...string[]][] = [];
  for (const word of argv) {
    if (/^--[^-]/.test(word)) directives.push([word.slice(2).toLowerCase()]);
    else directives.at(-1)?.push(word);
  }
  // `--save "900 1 300 10"`: the one directive whose values may come in one word.
  return directives.map(([name, ...values]): Directive => {
    const together = name === "save" && values.length === 1 && values[0] !== "";
    return [name, ...(together ? (values[0] as string).trim().split(/\s+/) : values)];
  });
}

// ── Text ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `$$`, `$NAME`, `${NAME}`, and with `:-`, `-`, `:?`, `?`, `:+`, `+` and a word behind the name. */
const variable = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])([^}]*))?\}|)/g;

function interpolated(text: string, environment: NodeJS.Dict<string>, bad: (message: string) => Error): string {
  return text.replace(variable, (all, dollar?: string, plain?: string, braced?: string, how = "", word = "") => {
    if (dollar !== undefined) return "$";
    const name = plain ?? braced;
    if (name === undefined) throw bad(`expected \${NAME} behind ${all}, or $$ for a dollar`);
    const value = environment[name];
    const isSet = value !== undefined && !(how.startsWith(":") && value === "");
    if (how.endsWith("+")) return isSet ? word : "";
    if (isSet) return value;
    if (how.endsWith("-")) return word;
    throw bad(`${name} is not set${word === "" ? ", and has no default" : `: ${word}`}`);
  });
}

/** As a shell splits a line, without anything that only a shell can do. Undefined: a quote stays open. */
export function shellWords(text: string): string[] | undefined {
  const found: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quote === "'" ? character !== "'" : quote === '"' && character !== '"' && character !== "\\") {
      word = (word ?? "") + character;
    } else if (character === quote) quote = "";
    else if (character === "\\" && at + 1 < text.length) {
      const next = text[++at] as string;
      if (next === "\n") continue;
      word = (word ?? "") + (quote === '"' && next !== '"' && next !== "\\" ? `\\${next}` : next);
    } else if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") return undefined;
  return word === undefined ? found : [...found, word];
}
