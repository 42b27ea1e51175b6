/**
 * What a schema cannot know of a file: whether the names in it exist, and whether its directives can be read. These
 * checks see the document before the schema has accepted it, so they look only where the form is as expected.
 */
import { type CrossCheck, type Path, valueAt } from "./parse.ts";
import type { Directive } from "./preset.ts";
import { hint } from "./suggest.ts";

export type Issue = ReturnType<CrossCheck>[number];

/** Names at `places` (a text or a list of texts) that are not among the known ones. */
export function unknownNames(
  document: unknown,
  places: readonly Path[],
  what: string,
  known: readonly string[],
): Issue[] {
  return places
    .flatMap((place) => [{ path: place, value: valueAt(document, place) }, ...listAt(document, place)])
    .filter((named): named is { path: Path; value: string } => typeof named.value === "string")
    .filter(({ value }) => !known.includes(value))
    .map((named) => ({ path: named.path, message: `there is no ${what} ${named.value}: ${hint(named.value, known)}` }));
}

export function unsuitedPresets(document: unknown): Issue[] {
  const suited = valueAt(document, ["suits", "presets"]);
  if (!Array.isArray(suited)) return [];
  return listAt(document, ["presets"])
    .filter(({ value }) => !suited.includes(value))
    .map(({ path: place, value }) => ({ path: place, message: `${String(value)} is not among suits.presets` }));
}

export function brokenDirectives(document: unknown): Issue[] {
  return listAt(document, ["directives"])
    .filter(({ value }) => typeof value === "string" && splitDirective(value) === undefined)
    .map(({ path: place }) => ({
      path: place,
      message: 'expected a directive and its value, like save 900 1 or save ""',
    }));
}

/** The elements of the list at `place`, each with its own place; none when there is no list. */
export function listAt(document: unknown, place: Path): { readonly path: Path; readonly value: unknown }[] {
  const value = valueAt(document, place);
  return Array.isArray(value) ? value.map((each: unknown, index) => ({ path: [...place, index], value: each })) : [];
}

/** `save 900 1` → `["save", "900", "1"]`; undefined when quotes do not match. Names are compared in lower case. */
export function splitDirective(line: string): Directive | undefined {
  const words = [...line.matchAll(/"([^"]*)"(?=\s|$)|([^\s"]+)(?=\s|$)/g)];
  const rest = words.reduce((left, [word]) => left.replace(word, ""), line);
  const [name, ...values] = words.map(([, quoted, bare]) => quoted ?? bare ?? "");
  if (rest.trim() !== "" || name === undefined || values.length === 0) return undefined;
  return [name.toLowerCase(), ...values];
}
