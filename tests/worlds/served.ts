/** A server in a ManualWorld, started, with a client. */
import { Config, type Settings } from "../../server/config/config.ts";
import { correctParts, type Parts } from "../../server/parts.ts";
import { Server } from "../../server/server.ts";
import { FakeDisk } from "./fake-disk.ts";
import { ManualWorld, type Peer } from "./manual-world.ts";

export interface Served {
  readonly world: ManualWorld;
  readonly disk: FakeDisk;
  readonly server: Server;
  readonly peer: Peer;
}

/** A server whose data is in /d. Rejects when it does not start. */
export async function serve(
  settings: Partial<Settings> = {},
  disk = new FakeDisk("/d"),
  parts: Parts = correctParts,
): Promise<Served> {
  const world = new ManualWorld(disk);
  const server = new Server(world, new Config({ dir: "/d", save: [], ...settings }), parts);
  await start(server, world);
  return { world, disk, server, peer: world.connect() };
}

/** The last that the server said when it did not start. */
export async function refusal(settings: Partial<Settings>, disk: FakeDisk): Promise<string> {
  return (await linesOfRefusal(settings, disk)).at(-1) ?? "";
}

/** All that the server said when it did not start. */
export async function linesOfRefusal(settings: Partial<Settings>, disk: FakeDisk): Promise<readonly string[]> {
  const world = new ManualWorld(disk);
  const server = new Server(world, new Config({ dir: "/d", save: [], ...settings }));
  try {
    await start(server, world);
  } catch (error) {
    if (world.exitCode === undefined) throw error;
    return world.lines;
  }
  throw new Error("the server started");
}

async function start(server: Server, world: ManualWorld): Promise<void> {
  const state = { ended: false };
  const started = server.start().finally(() => {
    state.ended = true;
  });
  started.catch(() => undefined);
  // A load pauses, and goes on when a turn ends.
  while (!state.ended) await world.pass();
  await started;
}

/** The value of a field of INFO's section `persistence`. */
export function persistenceField({ server }: Served, name: string): string {
  return String(new Map(server.persistence.info()).get(name));
}
