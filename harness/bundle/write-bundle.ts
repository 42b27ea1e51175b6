/** Writes the evidence of one crash to a file that can be sent to somebody else. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { LinkResult, Room } from "../cycle.ts";
import type { Image } from "../disk/image.ts";
import type { Exposure } from "../explore/exploration-title.ts";
import { modelToJson } from "../operations/model.ts";
import type { Finding } from "../oracle/checker.ts";
import type { RecoveryStart } from "../oracle/evidence.ts";
import { ownVersion } from "../package.ts";
import type { Plan } from "../plan.ts";
import { configText } from "../targets/config-file.ts";
import { type ArchiveFile, writeArchive } from "./archive.ts";
import { type BundleHeader, bundleExtension, bundleFormat, type StartJson } from "./bundle.ts";
import { reproScript } from "./repro.ts";

export interface BundleOrder {
  readonly plan: Plan;
  readonly result: LinkResult;
  readonly findings: readonly Finding[];
  readonly room: Pick<Room, "target" | "store" | "documentedCounts">;
  readonly exposure?: Exposure;
  /** The recording that the crash is of, where one was kept: then an unpacked bundle is a recording too. */
  readonly recordingDir?: string;
  /** An existing folder. */
  readonly dir: string;
}

const recordingBytesMax = 32 << 20;

/** The path of the bundle: named by scenario, preset and cycle, and never one that is there already. */
export async function writeBundle(order: BundleOrder): Promise<string> {
  const { plan, result, dir } = order;
  const name = freeName(dir, `${plan.scenario}-${plan.preset}-${plan.cycle}`.replaceAll("/", "-"));
  const file = path.join(dir, name + bundleExtension);
  const header = headerOf(order);
  const archive = new Map<string, ArchiveFile>([
    [`${name}/README`, textFile(readme(name))],
    [`${name}/finding.txt`, textFile(findingText(header))],
    [`${name}/repro.sh`, { ...textFile(reproScript(header)), executable: true }],
    [`${name}/bundle.json`, textFile(`${JSON.stringify(header, undefined, 1)}\n`)],
    [`${name}/plan.json`, textFile(`${JSON.stringify(plan)}\n`)],
    [`${name}/history.jsonl`, { bytes: readFileSync(result.historyFile) }],
    [`${name}/store.conf`, textFile(configText(plan.config))],
    [
      `${name}/store.log`,
      textFile(
        logLinesOf(result.evidence.recovery.starts)
          .map((line) => `${line}\n`)
          .join(""),
      ),
    ],
    ...imageFiles(`${name}/image/`, result.state.image),
    ...(order.recordingDir === undefined ? [] : recordingFiles(name, order.recordingDir)),
  ]);
  await writeArchive(file, archive, new Date(header.writtenAt));
  return file;
}

function freeName(dir: string, wanted: string): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if (!existsSync(path.join(dir, name + bundleExtension))) return name;
  }
}

function headerOf({ result, findings, room, exposure }: BundleOrder): BundleHeader {
  const { evidence, state, link } = result;
  return {
    format: bundleFormat,
    version: ownVersion(),
    writtenAt: new Date().toISOString(),
    target: { name: room.target.name, kind: room.target.kind, store: room.store },
    promise: evidence.promise,
    documentedCounts: room.documentedCounts,
    link,
    cut: evidence.cut,
    crash: evidence.crash,
    point: state.point,
    ...(evidence.initial !== undefined && { initial: modelToJson(evidence.initial) }),
    findings,
    ...(exposure !== undefined && { exposure }),
    starts: evidence.recovery.starts.map(startToJson),
  };
}

function startToJson(start: RecoveryStart): StartJson {
  if (start.kind !== "served") return start;
  return {
    kind: "served",
    state: modelToJson(start.state),
    readAtWallMs: start.readAtWallMs,
    tookMs: start.tookMs,
  };
}

function logLinesOf(starts: readonly RecoveryStart[]): readonly string[] {
  return starts.flatMap((start) => (start.kind === "served" ? [] : start.lastLogLines));
}

function* imageFiles(prefix: string, image: Image): Iterable<[string, ArchiveFile]> {
  yield [prefix, { bytes: new Uint8Array() }];
  for (const [name, node] of image) {
    if (node.kind === "directory") yield [`${prefix}${name}/`, { bytes: new Uint8Array() }];
    else yield [prefix + name, { bytes: node.bytes }];
  }
}

/** What it has beside plan and history; nothing, where its journal is too long to be sent around. */
function* recordingFiles(name: string, dir: string): Iterable<[string, ArchiveFile]> {
  const journal = path.join(dir, "journal");
  const names = readdirSync(journal).map((each) => path.join("journal", each));
  const files = ["recording.json", "initial.json", ...names].filter((each) => existsSync(path.join(dir, each)));
  const sizeBytes = files.reduce((sum, each) => sum + statSync(path.join(dir, each)).size, 0);
  if (sizeBytes > recordingBytesMax) return;
  for (const each of files) yield [`${name}/${each}`, { bytes: readFileSync(path.join(dir, each)) }];
}

function textFile(text: string): ArchiveFile {
  return { bytes: Buffer.from(text, "utf8") };
}

function findingText({ findings, target, crash, promise }: BundleHeader): string {
  const { name, version } = target.store;
  const intro = `${name} ${version} (${target.name}), ${crash.fault} in ${crash.place}, promise: ${promise.row}\n`;
  const each = findings.map(
    ({ kind, level, checker, message, fingerprint, evidence }) =>
      `${kind} (${level}, found by the ${checker} checker)\n${message}\nfingerprint ${fingerprint}\n${JSON.stringify(evidence, undefined, 2)}\n`,
  );
  return [intro, ...each].join("\n");
}

function readme(name: string): string {
  return `A store lost or spoilt data after a crash, and this is the evidence. lossbound wrote it.

finding.txt     what was promised and what came back
repro.sh        starts the store on these files and asks for the data; needs the store and redis-cli, nothing else:
                  STORE=/usr/bin/redis-server ./repro.sh
image/          the data folder as the crash left it
history.jsonl   what clients asked and what they were told, in order, with nanoseconds
plan.json       every choice of the run
bundle.json     versions, the promise that was judged, what each start showed
store.conf      the directives of the store
store.log       the last lines that it wrote, when it did not serve
journal/        what the disk was asked, where the run was recorded: then this folder is a recording too,
                  lossbound explore ${name}

lossbound replay ${name}${bundleExtension} judges it again, here or on another store with --target.
`;
}
