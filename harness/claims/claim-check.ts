/**
 * The contract of a claim's check: it is told what the claim's file says, looks, and says what it saw. A claim is *said*,
 * a check *measures*; whether they agree is the verdict.
 */
import type { ClaimVerdict } from "../../scenarios/claim.ts";
import type { Preset } from "../../scenarios/preset.ts";
import type { Config } from "../targets/target.ts";

export interface ClaimCheck {
  readonly name: string;
  /** Where it looks: a store in the simulated world, or real processes, where speed is the question. */
  readonly on: "simulated" | "processes";
  /** @throws CannotMeasure */
  measure(task: ClaimTask): Promise<Measured>;
}

export interface ClaimTask {
  readonly directives: Config;
  readonly told: Told;
  /** Of the presets that ship. */
  preset(name: string): Preset;
  /** The store for what needs real speed, as `--target` takes it. */
  readonly target: string;
  readonly signal: AbortSignal;
}

export interface Measured {
  readonly verdict: ClaimVerdict;
  /** What was seen, in a few words, with units. */
  readonly figure: string;
}

/** This machine, or this store, cannot show it: the claim is not known, with the reason. */
export class CannotMeasure extends Error {
  override readonly name = "CannotMeasure";
}

/** What the claim's file tells its check under `with`. */
export class Told {
  private readonly values: Readonly<Record<string, string | number | boolean>>;

  constructor(values: Readonly<Record<string, string | number | boolean>>) {
    this.values = values;
  }

  number(name: string): number {
    const value = this.values[name];
    if (typeof value !== "number") throw new RangeError(`expected a number under with: ${name}`);
    return value;
  }

  text(name: string): string {
    const value = this.values[name];
    if (value === undefined) throw new RangeError(`expected a text under with: ${name}`);
    return String(value);
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }
}

export function trueIf(isTrue: boolean, figure: string): Measured {
  return { verdict: isTrue ? "true" : "false", figure };
}
