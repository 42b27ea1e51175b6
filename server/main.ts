#!/usr/bin/env node
/** The bundled store as a process: composes the real world, reads the configuration, starts the server. */
import { Server } from "./server.ts";
import { realClock } from "./world/real-clock.ts";
import { realNet } from "./world/real-net.ts";
import type { World } from "./world/world.ts";

const world = { clock: realClock, net: realNet } as World;
await new Server(world).listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 6379) });
