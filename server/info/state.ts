/** The sections of INFO that say how things are at this moment. */
import { NEVER, type SlotTable } from "../keyspace/slot-table.ts";
import type { Server } from "../server.ts";
import { lossboundVersion, redisVersion } from "../version.ts";
import type { Fields } from "./info.ts";

export function server(server: Server): Fields {
  const { config, world } = server;
  const uptimeS = Math.floor((world.clock.monotonicMs() - server.startedMonotonicMs) / 1000);
  return [
    ["redis_version", redisVersion],
    ["lossbound_version", lossboundVersion],
    ["redis_mode", "standalone"],
    ["arch_bits", 64],
    ["process_id", world.process.pid],
    ["process_supervised", "no"],
    ["run_id", server.runId],
    ["tcp_port", config.get("port")],
    ["server_time_usec", world.clock.wallMs() * 1000],
    ["uptime_in_seconds", uptimeS],
    ["uptime_in_days", Math.floor(uptimeS / 86400)],
    ["hz", config.get("hz")],
    ["configured_hz", config.get("hz")],
    ["config_file", config.file ?? ""],
    ["io_threads_active", 0],
  ];
}

export function clients(server: Server): Fields {
  const all = [...server.clients.values()];
  return [
    ["connected_clients", all.length],
    ["cluster_connections", 0],
    ["maxclients", server.config.get("maxclients")],
    ["client_recent_max_input_buffer", Math.max(0, ...all.map((client) => client.pendingBytes()))],
    ["client_recent_max_output_buffer", Math.max(0, ...all.map((client) => client.unreadBytes()))],
    ["blocked_clients", server.blocking.count],
    ["tracking_clients", server.tracking.count],
    ["clients_in_timeout_table", server.blocking.timedCount],
  ];
}

export function memory(server: Server): Fields {
  const usedBytes = server.memoryLimit.usedBytes();
  const residentBytes = server.world.process.memoryBytes();
  const maxmemory = server.config.get("maxmemory");
  return [
    ["used_memory", usedBytes],
    ["used_memory_human", humanBytes(usedBytes)],
    ["used_memory_rss", residentBytes],
    ["used_memory_rss_human", humanBytes(residentBytes)],
    ["mem_clients_normal", server.memoryLimit.clientBytes()],
    ["mem_not_counted_for_evict", 0],
    ["maxmemory", maxmemory],
    ["maxmemory_human", humanBytes(maxmemory)],
    ["maxmemory_policy", server.config.get("maxmemory-policy")],
    ["mem_allocator", "v8"],
    ["active_defrag_running", 0],
    ["lazyfree_pending_objects", 0],
    ["lazyfreed_objects", 0],
  ];
}

export function replication(server: Server): Fields {
  return [
    ["role", "master"],
    ["connected_slaves", 0],
    ["master_failover_state", "no-failover"],
    ["master_replid", server.runId],
    ["master_repl_offset", 0],
    ["second_repl_offset", -1],
    ["repl_backlog_active", 0],
  ];
}

export function cpu(server: Server): Fields {
  const { systemS, userS } = server.world.process.cpu();
  return [
    ["used_cpu_sys", systemS.toFixed(6)],
    ["used_cpu_user", userS.toFixed(6)],
    ["used_cpu_sys_children", "0.000000"],
    ["used_cpu_user_children", "0.000000"],
  ];
}

/** `db0:keys=2,expires=1,avg_ttl=987` for each database that is not empty. */
export function keyspace(server: Server): Fields {
  return server.keyspace.databases
    .filter(({ size }) => size > 0)
    .map(({ index, size, table }) => {
      const ttl = averageTtlMs(table, server.keyspace.nowMs);
      return [`db${index}`, `keys=${size},expires=${table.expiresCount},avg_ttl=${ttl}`];
    });
}

/** How many deadlines are enough for an average. */
const sampledDeadlines = 1000;

function averageTtlMs({ deadlines, expiresCount, end }: SlotTable, nowMs: number): number {
  if (expiresCount === 0) return 0;
  let sum = 0;
  let seen = 0;
  for (let slot = 0; slot < end && seen < sampledDeadlines; slot++) {
    const deadlineMs = deadlines.at(slot);
    if (deadlineMs === NEVER) continue;
    sum += Math.max(0, deadlineMs - nowMs);
    seen++;
  }
  return seen === 0 ? 0 : Math.round(sum / seen);
}

/** `943.06K` */
export function humanBytes(bytes: number): string {
  const units = ["B", "K", "M", "G", "T"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${units[unit]}`;
}
