/**
 * The log has its checksums, and nobody looks at them: what a disk made of the bytes meanwhile is replayed. (As valkey 3565,
 * where there is none.)
 */
import { AofLoader } from "../../server/aof/aof-loader.ts";
import { type BatchScan, scanBatches } from "../../server/aof/batch-scan.ts";
import type { Part } from "../../server/aof/manifest.ts";
import type { Loading } from "../../server/loading.ts";
import type { DiskFile } from "../../server/world/world.ts";
import type { PlantedBug } from "./planted-bug.ts";

class Believes extends AofLoader {
  protected override *verify(_part: Part, file: DiskFile): Loading<BatchScan> {
    const scan = yield* scanBatches(file);
    return { ...scan, ending: "end", wholeBytes: file.size() };
  }
}

export const checksumNeverChecked: PlantedBug = {
  name: "checksum-never-checked",
  what: "replays the log without looking at its checksums",
  parts: { AofLoader: Believes },
  foundBy: [{ where: "simulated", scenario: "simulated/adversarial", preset: "hardened", kind: "refusal" }],
};
