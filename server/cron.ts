/**
 * What happens by itself, `hz` times a second: expired keys go, clients that are idle or read too little are closed,
 * persistence does what is due. A tick is a turn of its own: it ends with the log flushed.
 */
import type { ExpiryCycle } from "./keyspace/expiry-cycle.ts";
import type { Server } from "./server.ts";
import type { Timer } from "./world/world.ts";

const hzMin = 1;
const hzMax = 500;

export class Cron {
  /** DEBUG SET-ACTIVE-EXPIRE. */
  activeExpiry = true;
  private readonly server: Server;
  private readonly expiryCycle: ExpiryCycle;
  private timer: Timer | undefined;

  constructor(server: Server, expiryCycle: ExpiryCycle) {
    this.server = server;
    this.expiryCycle = expiryCycle;
    server.config.whenSet("hz", () => this.start());
  }

  start(): void {
    this.timer?.cancel();
    const hz = Math.min(Math.max(this.server.config.get("hz"), hzMin), hzMax);
    this.timer = this.server.world.clock.every(1000 / hz, () => this.tick());
  }

  stop(): void {
    this.timer?.cancel();
  }

  private tick(): void {
    const { server } = this;
    server.keyspace.nowMs = server.world.clock.wallMs();
    server.statistics.sample(server.world.clock.monotonicMs());
    if (this.activeExpiry) this.expireKeys();
    this.checkClients();
    server.eviction.makeRoom();
    server.tracking.limit();
    server.moves.tick();
    server.persistence.tick();
    server.turn.end();
    server.shutdown.tick();
  }

  private expireKeys(): void {
    const { hitCap } = this.expiryCycle.run(this.server.config.get("active-expire-effort"));
    if (hitCap) this.server.statistics.expireCycleCapReached++;
    this.server.propagation.flush("apart");
  }

  private checkClients(): void {
    const { server } = this;
    const idleMsMax = server.config.get("timeout") * 1000;
    const nowMs = server.world.clock.monotonicMs();
    for (const client of [...server.clients.values()]) {
      client.enforceOutputLimits();
      if (idleMsMax > 0 && nowMs - client.lastActiveMs > idleMsMax && client.mayTimeOut) {
        server.log.verbose("Closing idle client");
        client.destroy();
      }
    }
  }
}
