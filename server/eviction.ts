/**
 * Eviction: beyond `maxmemory`, keys go until there is room again, by `maxmemory-policy`.
 *
 *     request ─ beyond the limit? ─ evict: DEL a, DEL b to the log ─ execute: SET c to the log
 *                                     └─ nothing that may go: a request that needs memory is refused
 *
 * A key that is evicted is gone for good, so its removal stands in the log before whatever runs next, each one by itself:
 * a log that is cut anywhere gives a state that was there. While a log is replayed, and while clients are paused, nothing
 * is evicted: there the data changes by others' word alone.
 */
import { EvictionPool, type EvictionRule } from "./keyspace/eviction-pool.ts";
import type { Server } from "./server.ts";

const rules: Readonly<Record<string, EvictionRule>> = {
  "allkeys-lru": { volatileOnly: false, by: "last use" },
  "allkeys-lfu": { volatileOnly: false, by: "use count" },
  "allkeys-random": { volatileOnly: false, by: "chance" },
  "volatile-lru": { volatileOnly: true, by: "last use" },
  "volatile-lfu": { volatileOnly: true, by: "use count" },
  "volatile-random": { volatileOnly: true, by: "chance" },
  "volatile-ttl": { volatileOnly: true, by: "deadline" },
};

export class Eviction {
  private readonly server: Server;
  private readonly pool: EvictionPool;

  constructor(server: Server) {
    this.server = server;
    this.pool = new EvictionPool(server.keyspace, server.world.random.fork("eviction"));
  }

  /**
   * Evicts as much as must go, or as one request may wait for; the rest goes with the next one, or the next tick.
   * @returns false: beyond the limit, and nothing may go
   */
  makeRoom(): boolean {
    const { memoryLimit, config, keyspace, propagation, tracking } = this.server;
    if (!memoryLimit.isExceeded || keyspace.expiry !== "remove") return true;
    const rule = rules[config.get("maxmemory-policy")];
    if (rule === undefined) return false;
    const beganMs = this.server.world.clock.monotonicMs();
    const done = this.evict(rule, evictionsMax(config.get("maxmemory-eviction-tenacity")));
    propagation.flush("apart");
    // Before the reply of whoever made it necessary: between commands, and not behind one.
    tracking.deliver();
    this.measure(beganMs);
    return done;
  }

  /** @returns false: still beyond the limit, and nothing may go */
  private evict(rule: EvictionRule, countMax: number): boolean {
    const { memoryLimit, config } = this.server;
    for (let count = 0; count < countMax && memoryLimit.isExceeded; count++) {
      const victim = this.pool.next(rule, config.get("maxmemory-samples"));
      if (victim === undefined) return false;
      victim.db.evict(victim.key);
    }
    return true;
  }

  /** The policy is another one: what was found by the old one counts no more. */
  policyChanged(): void {
    this.pool.clear();
  }

  private measure(beganMs: number): void {
    const { world, config, latencyMonitor, keyspace } = this.server;
    const tookMs = world.clock.monotonicMs() - beganMs;
    const thresholdMs = config.get("latency-monitor-threshold");
    if (thresholdMs > 0 && tookMs >= thresholdMs)
      latencyMonitor.add("eviction-cycle", keyspace.nowS, Math.floor(tookMs));
  }
}

/**
 * How many keys go at a time. Redis gives a request so many microseconds of it; a count ends under every clock, also one
 * that stands still (soundness rule W1), and a key takes about one.
 */
function evictionsMax(tenacity: number): number {
  if (tenacity === 100) return Number.POSITIVE_INFINITY;
  return tenacity <= 10 ? Math.max(1, 50 * tenacity) : Math.floor(500 * 1.15 ** (tenacity - 10));
}
