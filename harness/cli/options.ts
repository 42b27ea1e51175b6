/** How values on the command line are read: each refuses with a sentence what it cannot take. */

import { InvalidArgumentError } from "commander";
import { durationMs } from "../../scenarios/fields.ts";
import { diskModelNames } from "../../scenarios/power-cut.ts";
import { type FilesystemName, filesystemNames } from "../block/filesystems.ts";
import type { Shard } from "../shard.ts";

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Expected a whole number of 1 or more.");
  }
  return value;
}

export function lengthOfTimeMs(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("Expected a length of time, like 500ms, 60s, 2m or 1h.");
  return ms;
}

export function seedText(text: string): string {
  // A dash in front is an option whose seed was forgotten.
  if (!/^(?!-)[\x21-\x7e]{1,100}$/.test(text)) {
    throw new InvalidArgumentError("Expected 1 to 100 printable characters without blanks, and no dash in front.");
  }
  return text;
}

/** For options that may be given several times. */
export function collected(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

export function filesystemName(text: string): FilesystemName {
  const found = filesystemNames.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`There is ${filesystemNames.join(", ")}.`);
  return found;
}

export function modelNames(text: string, before: readonly string[] | undefined): string[] {
  if (!diskModelNames.some((name) => name === text)) {
    throw new InvalidArgumentError(`There is ${diskModelNames.join(", ")}.`);
  }
  return collected(text, before);
}

/** `2/4`, counted from 1. */
export function shardField(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new InvalidArgumentError("Expected a shard like 2/4: the second of four.");
}
