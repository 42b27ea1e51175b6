/** Takes a bundle apart, and trusts nothing in it: it may come from anywhere. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Image, ImageNode } from "../disk/image.ts";
import { modelFromJson } from "../operations/model.ts";
import { type Plan, planFormat } from "../plan.ts";
import { DamagedHistory, readHistory } from "../recording/history-file.ts";
import { type Archive, DamagedArchive, readArchive } from "./archive.ts";
import { BadBundle, type Bundle, type BundleHeader, bundleFormat } from "./bundle.ts";

/** @throws BadBundle with what is wrong with it */
export async function readBundle(file: string): Promise<Bundle> {
  try {
    const archive = await readArchive(file);
    const folder = [...archive.keys()][0]?.split("/")[0] ?? "";
    const header = jsonOf(archive, `${folder}/bundle.json`, bundleFormat, "format") as BundleHeader;
    const plan = jsonOf(archive, `${folder}/plan.json`, planFormat, "schema") as Plan;
    return {
      header,
      plan,
      history: readHistory(textOf(archive, `${folder}/history.jsonl`), `${file}: history.jsonl`),
      ...(header.initial !== undefined && { initial: modelFromJson(header.initial) }),
      image: imageOf(archive, `${folder}/image/`),
    };
  } catch (error) {
    if (error instanceof DamagedArchive || error instanceof DamagedHistory) throw new BadBundle(error.message);
    if (error instanceof BadBundle) throw new BadBundle(`${file}: ${error.message}`);
    throw error;
  }
}

/**
 * Lays out the recording that a bundle holds, for who wants to look at other crashes of it.
 * @param parent exists
 * @returns its folder; undefined when there is none in it
 * @throws BadBundle
 */
export async function unpackRecording(file: string, parent: string): Promise<string | undefined> {
  const archive = await readArchive(file);
  const folder = [...archive.keys()][0]?.split("/")[0] ?? "";
  if (!archive.has(`${folder}/recording.json`)) return undefined;
  const dir = path.join(parent, `${folder}.recording`);
  mkdirSync(path.join(dir, "journal"), { recursive: true });
  for (const name of recordingNames) {
    const found = archive.get(`${folder}/${name}`);
    if (found !== undefined) writeFileSync(path.join(dir, name), found.bytes);
  }
  return dir;
}

const recordingNames = [
  "recording.json",
  "plan.json",
  "history.jsonl",
  "initial.json",
  "journal/index.jsonl",
  "journal/data",
];

function textOf(archive: Archive, name: string): string {
  const found = archive.get(name);
  if (found === undefined) throw new BadBundle(`no ${path.basename(name)} in it`);
  return Buffer.from(found.bytes).toString("utf8");
}

/** A document of ours, known by the name and version that it carries. */
function jsonOf(archive: Archive, name: string, format: string, key: "format" | "schema"): object {
  let value: unknown;
  try {
    value = JSON.parse(textOf(archive, name));
  } catch (error) {
    if (error instanceof SyntaxError) throw new BadBundle(`${path.basename(name)} is no JSON`);
    throw error;
  }
  if (typeof value !== "object" || value === null) throw new BadBundle(`${path.basename(name)} is no object`);
  const found = (value as Record<string, unknown>)[key];
  if (found === format) return value;
  throw new BadBundle(`this version reads ${format}, and ${path.basename(name)} is ${JSON.stringify(found)}`);
}

function imageOf(archive: Archive, prefix: string): Image {
  const nodes = [...archive].flatMap(([name, { bytes }]): [string, ImageNode][] => {
    const inner = name.slice(prefix.length).replace(/\/$/, "");
    if (!name.startsWith(prefix) || inner === "") return [];
    return [[inner, name.endsWith("/") ? { kind: "directory" } : { kind: "file", bytes }]];
  });
  return new Map(nodes.sort(([one], [other]) => (one < other ? -1 : 1)));
}
