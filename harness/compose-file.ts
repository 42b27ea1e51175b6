/**
 * A service of a compose file, as what it is to a harness: an image, and the directives that its command line has.
 *
 *     redis:
 *       image: redis:7-alpine
 *       command: redis-server --save 900 1 --appendonly yes      a text, or a list of words
 *
 * What decides the promise is read from the directives; what cannot be known from outside is refused with the reason.
 */
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Preset } from "../scenarios/preset.ts";
import { lastValue, savePointsOf } from "./targets/config-file.ts";
import type { Config } from "./targets/target.ts";

/** Not a compose file, no such service, or one whose config cannot be known. */
export class BadCompose extends Error {
  override readonly name = "BadCompose";
}

export interface ComposeService {
  readonly image: string;
  readonly preset: Preset;
}

const fileSchema = z.looseObject({ services: z.record(z.string(), z.unknown()) });
const serviceSchema = z.looseObject({
  image: z.string().optional(),
  command: z.union([z.string(), z.array(z.coerce.string())]).optional(),
  entrypoint: z.unknown().optional(),
});

/** @throws BadCompose */
export function readCompose(
  file: string,
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): ComposeService {
  const { services } = documentIn(file);
  const found = services[name];
  if (found === undefined) {
    throw new BadCompose(`${file} has no service ${name}: it has ${Object.keys(services).join(", ")}`);
  }
  const refuse = (why: string) => new BadCompose(`${file}, service ${name}: ${why}`);
  const parsed = serviceSchema.safeParse(found);
  if (!parsed.success) throw refuse(parsed.error.issues[0]?.message ?? "it is no service");
  const { image, command, entrypoint } = parsed.data;
  if (image === undefined) throw refuse("it names no image: what compose builds has to be named to be run");
  if (entrypoint !== undefined) throw refuse("it has an entrypoint of its own, and what that does is not known");
  const filled = (text: string) => interpolate(text, environment);
  const words = typeof command === "string" ? splitWords(filled(command)) : (command ?? []).map(filled);
  const directives = directivesIn(words, refuse);
  return {
    image: filled(image),
    preset: presetOf(`compose-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`, directives),
  };
}

function documentIn(file: string): z.output<typeof fileSchema> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new BadCompose(`${file} cannot be read: ${(error as Error).message}`);
  }
  const document = parseDocument(text, { lineCounter: new LineCounter() });
  const [trouble] = document.errors;
  if (trouble !== undefined) throw new BadCompose(`${file}: ${trouble.message}`);
  const parsed = fileSchema.safeParse(document.toJS());
  if (!parsed.success) throw new BadCompose(`${file} is no compose file: it has no services`);
  return parsed.data;
}

/** `${NAME}` and `${NAME:-default}`, as compose fills them in; `$$` is a dollar. */
function interpolate(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\$|\$\{(\w+)(?::?-([^}]*))?\}/g, (whole, variable?: string, otherwise = "") => {
    if (variable === undefined) return whole === "$$" ? "$" : whole;
    return environment[variable] || otherwise;
  });
}

/** As a shell splits them, for what stands in compose files: blanks, and quotes of both kinds. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"']+)+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );
}

/** `--name value …`; what comes before the first is the store's own name. */
function directivesIn(words: readonly string[], refuse: (why: string) => Error): Config {
  const directives: [string, ...string[]][] = [];
  for (const word of words) {
    const last = directives.at(-1);
    if (word.startsWith("--")) directives.push([word.slice(2)]);
    else if (last !== undefined) last.push(word);
    else if (/\.conf$/.test(word))
      throw refuse(`what is in ${word} cannot be known: name directives on the command line`);
  }
  return directives;
}

function presetOf(name: string, directives: Config): Preset {
  return {
    name,
    why: "The config of a service in a compose file.",
    directives,
    targets: ["container"],
    promise: { row: rowOf(directives), killed: "As its directives promise.", powerLost: "As its directives promise." },
  };
}

function rowOf(config: Config): Preset["promise"]["row"] {
  if (lastValue(config, "appendonly") !== "yes") {
    const saves = config.some(([directive]) => directive.toLowerCase() === "save");
    return saves && savePointsOf(config).length === 0 ? "none" : "rdb-only";
  }
  const policy = lastValue(config, "appendfsync") ?? "everysec";
  if (policy === "always") return "always";
  if (policy === "no") return "os-decides";
  return lastValue(config, "no-appendfsync-on-rewrite") === "yes" ? "everysec-no-fsync-on-rewrite" : "everysec";
}
