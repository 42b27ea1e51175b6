/**
 * The manifest is written under another name and renamed, as it should be; but its bytes were not synced before. The name
 * may be durable when they are not. (As redis 3487 and 10737.)
 */
import { diskWithFiles } from "./overlay.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const manifestUnsynced: PlantedBug = {
  name: "manifest-unsynced",
  what: "renames the new manifest over the old one before its bytes are durable",
  world: ({ disk }) => ({
    disk: diskWithFiles(disk, (_, path) => {
      return path.endsWith(".manifest") ? { syncNow: () => undefined } : undefined;
    }),
  }),
  foundBy: [{ where: "simulated", scenario: "simulated/swarm", preset: "everysec", kind: "refusal" }],
};
