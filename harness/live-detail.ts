/**
 * The detail of a run of kills and of disk faults: each kill a crash point of its own, the losses and recoveries that were measured, and the
 * timelines of the crash that lost most and of the first that showed each finding.
 */
import type { CrashCell, Pace, RunDetail, Timeline } from "../reports/detail.ts";
import type { LinkResult } from "./cycle.ts";
import { diskModelNamed } from "./disk/disk-models.ts";
import type { Image } from "./disk/image.ts";
import { paceOf, rewritesIn, writtenBytes } from "./measure/pace.ts";
import { sinceFirstCallMs } from "./recording/history.ts";
import { type TimelineOrder, timelineOf } from "./timeline-of.ts";

const findingTimelinesMax = 4;

export class LiveDetail {
  private readonly cells: CrashCell[] = [];
  private readonly losses: RunDetail["losses"] = [];
  private readonly recoveries: RunDetail["recoveries"] = [];
  private readonly paces: Pace[] = [];
  private readonly ofFindings: Timeline[] = [];
  /** What ended each run, as the map's only row is named. */
  private struck = "kill";
  private worst: { readonly ageMs: number; readonly timeline: Timeline } | undefined;

  /** @param fresh fingerprints of the findings that no crash before had. */
  add({ evidence, judgement, state, memoryBytesMax = 0 }: LinkResult, fresh: readonly string[]): void {
    const { history } = evidence;
    const { journalIndex, operation, path, stampNs } = state.point;
    const { verdict, loss, recoveryMs, recoveryPoint, findings } = judgement;
    const atMs = sinceFirstCallMs(history, stampNs);
    this.cells.push({
      recording: 0,
      points: 1,
      atMs,
      untilMs: atMs,
      journalIndex,
      operation,
      path,
      held: verdict === "held" ? 1 : 0,
      violated: verdict === "violated" ? 1 : 0,
      unknown: verdict === "unknown" ? 1 : 0,
      lossAgeMs: loss?.ageMs ?? 0,
      ackedLost: loss?.acked ?? 0,
      fingerprints: [...new Set(findings.map(({ fingerprint }) => fingerprint))],
      survived: "",
    });
    if (loss !== undefined) this.losses.push({ ageMs: loss.ageMs, acked: loss.acked, weight: 1 });
    if (recoveryMs !== undefined) this.recoveries.push({ ms: recoveryMs, dataBytes: bytesOf(state.image) });

    this.paces.push(
      paceOf(history, state.cut.endNs, {
        dataBytes: bytesOf(state.image),
        memoryBytesMax,
        writtenBytes: state.asked === undefined ? null : writtenBytes(state.asked),
        rewrites: rewritesIn(state.image.keys()),
      }),
    );

    const disk = diskOf(state);
    const drawn = (title: string, fingerprint: string) =>
      timelineOf({ title, fingerprint, history, cutNs: state.cut.endNs, recoveryPoint, disk });
    if (state.fault === "disk-fault") this.struck = "disk fault";
    for (const fingerprint of fresh) {
      if (this.ofFindings.length < findingTimelinesMax) this.ofFindings.push(drawn(fingerprint, fingerprint));
    }
    const ageMs = loss?.ageMs ?? 0;
    if (this.worst === undefined || ageMs > this.worst.ageMs) {
      this.worst = { ageMs, timeline: drawn(ageMs === 0 ? "a crash that lost nothing" : "the worst loss", "") };
    }
  }

  detail(of: Pick<RunDetail, "scenario" | "preset" | "target">): RunDetail {
    const cells = [...this.cells].sort((one, other) => one.atMs - other.atMs);
    return {
      scenario: of.scenario,
      preset: of.preset,
      target: of.target,
      durationMs: cells.at(-1)?.atMs ?? 0,
      crashMap: cells.length === 0 ? [] : [{ name: this.struck, kind: "kill", cells }],
      stretches: [],
      losses: this.losses,
      recoveries: this.recoveries,
      paces: this.paces,
      timelines: [...this.ofFindings, ...(this.worst === undefined ? [] : [this.worst.timeline])],
    };
  }
}

/** A process that dies leaves the page cache: all that was written survives. */
function diskOf({ asked, cut }: LinkResult["state"]): TimelineOrder["disk"] {
  if (asked === undefined) return undefined;
  const after = asked.findIndex(({ stampNs }) => stampNs > cut.endNs);
  const pointIndex = after < 0 ? asked.length : after;
  const survivors = { commits: "any-sync", reading: "new", metadataTo: pointIndex, writesTo: pointIndex } as const;
  return { journal: { records: asked }, pointIndex, survivors, model: diskModelNamed("process-crash") };
}

function bytesOf(image: Image): number {
  let bytes = 0;
  for (const node of image.values()) if (node.kind === "file") bytes += node.bytes.length;
  return bytes;
}
