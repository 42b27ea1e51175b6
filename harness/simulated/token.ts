/**
 * Replay tokens: a crash state of a simulated world in one word. The seed brings back the recording, the rest says where
 * in it the power went and what of the disk survived:
 *
 *     sim~0.1.0~simulated/swarm~everysec~3f2a90cd11e0b7a4~night-7~12~1204~torn~new_m1204_w1204_+8192
 *         │     │               │        │                │       │  │    │    └ survivors
 *         │     scenario        preset   scenario's       seed    │  │    └ disk model
 *         version                        digest                   │  └ crash point: records before it
 *                                                                 └ cycle
 *
 * A crash in a chain names all that came before it: point, model and survivors of the first, of the second, and so on.
 */
import { ownVersion } from "../package.ts";

export interface Token {
  readonly version: string;
  readonly scenario: string;
  readonly preset: string;
  readonly scenarioDigest: string;
  readonly seed: string;
  readonly cycle: number;
  /** One for each link of the chain, the last one is judged. At least one. */
  readonly crashes: readonly CrashName[];
}

/** A crash state of a recording, by name. */
export interface CrashName {
  readonly pointIndex: number;
  readonly model: string;
  /** As `survivorsToText` writes them. */
  readonly survivors: string;
}

const kind = "sim";
const separator = "~";
/** What does not fit into so many characters is no token. */
const lengthMax = 200;

/** Not a token, or one of another version: exit 2. */
export class BadToken extends Error {
  override readonly name = "BadToken";
}

export function isToken(text: string): boolean {
  return text.startsWith(`${kind}${separator}`);
}

/** Undefined when it would be too long. */
export function tokenText(token: Omit<Token, "version">): string | undefined {
  const { scenario, preset, scenarioDigest, seed, cycle, crashes } = token;
  const states = crashes.flatMap(({ pointIndex, model, survivors }) => [
    `${pointIndex}`,
    model,
    survivors.replaceAll(" ", "_"),
  ]);
  const parts = [kind, ownVersion(), ...[scenario, preset, scenarioDigest, seed].map(escaped), `${cycle}`, ...states];
  const text = parts.join(separator);
  return text.length > lengthMax ? undefined : text;
}

/** @throws BadToken */
export function readToken(text: string): Token {
  const parts = text.split(separator);
  if (parts.length < 10 || (parts.length - 10) % 3 !== 0) {
    const expected = "a token has 10 parts, and 3 more for each further crash";
    throw new BadToken(`${text} is not a replay token: ${expected}, it has ${parts.length}`);
  }
  const [, version, scenario, preset, scenarioDigest, seed, cycle, ...states] = parts as string[];
  if (version !== ownVersion()) {
    throw new BadToken(
      `the token is of lossbound ${version}, and this is ${ownVersion()}: the same seed may be another run`,
    );
  }
  return {
    version,
    scenario: unescaped(scenario, text),
    preset: unescaped(preset, text),
    scenarioDigest: unescaped(scenarioDigest, text),
    seed: unescaped(seed, text),
    cycle: whole(cycle, text),
    crashes: Array.from({ length: states.length / 3 }, (_, link) => {
      const [pointIndex, model, survivors] = states.slice(link * 3) as [string, string, string];
      return {
        pointIndex: whole(pointIndex, text),
        model: unescaped(model, text),
        survivors: survivors.replaceAll("_", " "),
      };
    }),
  };
}

/** So that it is one word to a shell. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%2F", "/")
    .replace(/[~'()*!]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function unescaped(text: string | undefined, token: string): string {
  try {
    return decodeURIComponent(text ?? "");
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new BadToken(`${token} is not a replay token: ${text} is no text`);
  }
}

function whole(text: string | undefined, token: string): number {
  if (text === undefined || !/^\d{1,9}$/.test(text))
    throw new BadToken(`${token} is not a replay token: ${text} is no number`);
  return Number(text);
}
