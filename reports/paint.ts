/** Colours for a terminal, and the signs that say the same without them. */
import colours from "picocolors";
import type { VerdictName } from "./outcome.ts";

export type Paint = ReturnType<typeof colours.createColors>;

export function paintOf(colour: boolean): Paint {
  return colours.createColors(colour);
}

export function mark(verdict: VerdictName, paint: Paint): string {
  return { held: paint.green("✓"), violated: paint.red("✗"), unknown: paint.yellow("?") }[verdict];
}

/** Colour only where somebody sees it: `NO_COLOR` forbids it, `FORCE_COLOR` asks for it, a pipe or CI gets none. */
export function wantsColour(environment: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR !== undefined) return !["", "0", "false"].includes(environment.FORCE_COLOR);
  return isTerminal && environment.TERM !== "dumb" && !environment.CI;
}
