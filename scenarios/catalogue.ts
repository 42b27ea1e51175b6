/**
 * All that ships, by name, and files of the user beside it:
 *
 *     scenarios/kill/random.yaml      scenario kill/random
 *     scenarios/presets/always.yaml   preset always
 *     scenarios/groups/smoke.yaml     group smoke
 *     scenarios/claims/c15.yaml       claim claims/c15
 *
 * Names come from the folder; a file is read and checked only when it is asked for.
 */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { type Claim, claimSchema } from "./claim.ts";
import { brokenDirectives, listAt, splitDirective, unknownNames, unsuitedPresets } from "./cross-check.ts";
import { type Group, groupSchema } from "./group.ts";
import { type CrossCheck, type Parsed, parseFile } from "./parse.ts";
import { type Preset, type PresetFile, presetSchema } from "./preset.ts";
import { wholeFile } from "./problem.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";
import { hint } from "./suggest.ts";

/** A word on the command line that names nothing. */
export class UnknownName extends Error {
  override readonly name = "UnknownName";
}

const claimsFolder = "claims/";
const otherFolders = ["presets/", "groups/", claimsFolder];

export class Catalogue {
  private readonly root: string;
  private readonly added = new Map<string, Preset>();

  /** `root` holds presets/, groups/ and a folder for each kind of scenario. */
  constructor(root: string = shippedFolder()) {
    this.root = root;
  }

  scenarioNames(): string[] {
    return yamlBelow(this.root).filter((name) => !otherFolders.some((folder) => name.startsWith(folder)));
  }

  claimNames(): string[] {
    return yamlBelow(this.root).filter((name) => name.startsWith(claimsFolder));
  }

  presetNames(): string[] {
    return yamlBelow(path.join(this.root, "presets"));
  }

  groupNames(): string[] {
    return yamlBelow(path.join(this.root, "groups"));
  }

  /** By name, or a YAML file of the user. @throws BadFile, UnknownName */
  scenario(nameOrFile: string): Parsed<Scenario> {
    const names = this.scenarioNames();
    const file = this.fileOf("scenario", ".", nameOrFile, names);
    return parseFile(file, scenarioSchema, this.scenarioCheck());
  }

  /** By name, or a YAML file of the user, with what it extends worked in. @throws BadFile, UnknownName */
  preset(nameOrFile: string): Preset {
    const added = this.added.get(nameOrFile);
    if (added !== undefined) return added;
    const file = this.fileOf("preset", "presets", nameOrFile, this.presetNames());
    return this.resolvePreset(this.presetFile(file), []);
  }

  /** A preset that stands in no file of its own, to be found by its name. */
  add(preset: Preset): void {
    this.added.set(preset.name, preset);
  }

  /** @throws BadFile, UnknownName */
  group(name: string): Parsed<Group> {
    const file = this.fileOf("group", "groups", name, this.groupNames());
    return parseFile(file, groupSchema, this.groupCheck());
  }

  /** @throws BadFile, UnknownName */
  claim(name: string): Parsed<Claim> {
    const file = this.fileOf("claim", ".", name, this.claimNames());
    return parseFile(file, claimSchema, (document) => brokenDirectives(document));
  }

  private fileOf(what: string, folder: string, name: string, names: readonly string[]): string {
    if (names.includes(name)) return path.join(this.root, folder, `${name}.yaml`);
    if (isFile(name)) return name;
    throw new UnknownName(`there is no ${what} ${name}: ${hint(name, names)}`);
  }

  private presetFile(file: string): Parsed<PresetFile> {
    return parseFile(file, presetSchema, (document) => [
      ...unknownNames(document, [["extends"]], "preset", this.presetNames()),
      ...brokenDirectives(document),
    ]);
  }

  /** First the other's lines, then its own; a directive that both name is taken whole from the one that extends. */
  private resolvePreset(parsed: Parsed<PresetFile>, extendedBy: readonly string[]): Preset {
    const { name, why, targets, promise, extends: base } = parsed.value;
    if (extendedBy.includes(name)) {
      throw wholeFile(parsed.file, `presets extend each other in a circle: ${[...extendedBy, name].join(" → ")}`);
    }
    const own = parsed.value.directives.map(splitDirective).filter((directive) => directive !== undefined);
    const inherited =
      base === undefined
        ? []
        : this.resolvePreset(this.presetFile(this.fileOf("preset", "presets", base, this.presetNames())), [
            ...extendedBy,
            name,
          ]).directives;
    const ownNames = new Set(own.map(([directive]) => directive));
    const directives = [...inherited.filter(([directive]) => !ownNames.has(directive)), ...own];
    return { name, why, targets, directives, promise };
  }

  private scenarioCheck(): CrossCheck {
    return (document) => [
      ...unknownNames(document, [["presets"], ["suits", "presets"]], "preset", this.presetNames()),
      ...unsuitedPresets(document),
      ...brokenDirectives(document),
    ];
  }

  private groupCheck(): CrossCheck {
    return (document) => {
      const members = listAt(document, ["members"]).map((_, index) => ["members", index] as const);
      return members.flatMap((member) => [
        ...unknownNames(document, [[...member, "scenario"]], "scenario", this.scenarioNames()),
        ...unknownNames(document, [[...member, "presets"]], "preset", this.presetNames()),
      ]);
    };
  }
}

/** A path rather than a misspelt name. A folder counts: the answer to it is that it is a folder. */
function isFile(given: string): boolean {
  return /\.ya?ml$/.test(given) || path.isAbsolute(given) || given.startsWith(".") || existsSync(given);
}

function yamlBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length).split(path.sep).join("/"))
    .sort();
}

/** The folder of this package that the YAML files are in: compiled code runs from dist/, the data stays where it is. */
function shippedFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder);
  return path.join(folder, "scenarios");
}
