/** A detail to draw: crash points of two disk models with a violated stretch, a timeline that loses its last calls. */
import type { CrashCell, Detail, RunDetail } from "../reports/detail.ts";

export function sampleCell(changes: Partial<CrashCell> = {}): CrashCell {
  return {
    recording: 0,
    points: 1,
    atMs: 0,
    untilMs: changes.atMs ?? 0,
    journalIndex: 0,
    operation: "write",
    path: "appendonlydir/appendonly.aof.1.incr.aof",
    held: 12,
    violated: 0,
    unknown: 0,
    lossAgeMs: 0,
    ackedLost: 0,
    fingerprints: [],
    survived: "nothing of it",
    ...changes,
  };
}

/** @param points crash points of each row. */
export function sampleRunDetail(points: number, changes: Partial<RunDetail> = {}): RunDetail {
  const cells = (broken: (index: number) => boolean) =>
    Array.from({ length: points }, (_, index) => {
      const atMs = (index * 2_000) / points;
      const fault = { violated: 2, lossAgeMs: 1_400, ackedLost: 31, fingerprints: ["loss-beyond-bound/loss/3f2a91"] };
      const place = { atMs, journalIndex: index, operation: index % 9 === 0 ? "sync" : "write" };
      return sampleCell(broken(index) ? { ...place, ...fault } : { ...place, lossAgeMs: (index * 37) % 900 });
    });
  const near = (index: number, share: number) => Math.abs(index / points - share) < 0.012;
  return {
    scenario: "kill/random",
    preset: "everysec",
    target: "bundled",
    durationMs: 2_000,
    crashMap: [
      { name: "ordered", kind: "model", cells: cells(() => false) },
      { name: "strict", kind: "model", cells: cells((index) => near(index, 0.62)) },
    ],
    stretches: [
      { recording: 0, name: "rewrite:two-logs", fromMs: 1_100, toMs: 1_420 },
      { recording: 0, name: "sync", fromMs: 300, toMs: 340 },
      { recording: 0, name: "sync", fromMs: 1_290, toMs: 1_330 },
    ],
    losses: Array.from({ length: points }, (_, index) => ({
      ageMs: index % 3 === 0 ? 0 : (index * 37) % 900,
      acked: 3,
      weight: 1,
    })),
    recoveries: Array.from({ length: 24 }, (_, index) => ({ ms: 70 + ((index * 31) % 60), dataBytes: 14_000 })),
    timelines: [sampleTimeline()],
    ...changes,
  };
}

function sampleTimeline(): RunDetail["timelines"][number] {
  const call = (sentMs: number, fate: RunDetail["timelines"][number]["clients"][number]["calls"][number]["fate"]) => ({
    sentMs,
    repliedMs: fate === "indeterminate" ? null : sentMs + 4,
    request: `INCR c0:counter:${Math.round(sentMs)}`,
    fate,
  });
  const clients = [0, 1, 2, 3].map((client) => ({
    name: `client ${client}`,
    calls: Array.from({ length: 40 }, (_, index) => {
      const sentMs = 400 + index * 12 + client * 3;
      return call(sentMs, index === 39 ? "indeterminate" : index > 36 ? "lost" : index === 11 ? "refused" : "kept");
    }),
  }));
  const path = "appendonlydir/appendonly.aof.1.incr.aof";
  const writes = Array.from({ length: 40 }, (_, index) => ({
    fromMs: 402 + index * 12,
    toMs: 402.4 + index * 12,
    operation: "write",
    path,
    bytes: 180,
    fate: index > 36 ? ("lost" as const) : ("durable" as const),
  }));
  const sync = { fromMs: 610, toMs: 648, operation: "sync", path, bytes: 0, fate: "durable" as const };
  const rename = {
    fromMs: 655,
    toMs: 656,
    operation: "rename",
    path: "temp-1.manifest",
    bytes: 0,
    fate: "survived" as const,
  };
  const disk = [...writes, sync, rename].sort((one, other) => one.fromMs - other.fromMs);
  return { title: "the worst loss", fingerprint: "", fromMs: 400, cutMs: 884, clients, disk };
}

export function sampleDetail(runs: RunDetail[] = [sampleRunDetail(240)]): Detail {
  return { schema: "lossbound/detail@1", interrupted: false, expectations: [], runs };
}
