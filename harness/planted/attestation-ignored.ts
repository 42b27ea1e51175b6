/**
 * The checksums are checked, and what they were to tell apart is not: a log that is damaged below what was durable is cut
 * there like a torn one, and served. What was synced long ago is gone, without a word to its owner.
 */
import { AofLoader } from "../../server/aof/aof-loader.ts";
import { type BatchScan, scanBatches } from "../../server/aof/batch-scan.ts";
import type { Part } from "../../server/aof/manifest.ts";
import type { Loading } from "../../server/loading.ts";
import type { DiskFile } from "../../server/world/world.ts";
import type { PlantedBug } from "./planted-bug.ts";

class TakesRotForTorn extends AofLoader {
  protected override *verify(_part: Part, file: DiskFile): Loading<BatchScan> {
    const scan = yield* scanBatches(file);
    return scan.ending === "rot" ? { ...scan, ending: "torn" } : scan;
  }
}

export const attestationIgnored: PlantedBug = {
  name: "attestation-ignored",
  what: "cuts a log off where it rotted, as if a crash had torn it there",
  parts: { AofLoader: TakesRotForTorn },
  foundBy: [{ where: "simulated", scenario: "simulated/bit-rot", preset: "hardened", kind: "loss-beyond-bound" }],
};
