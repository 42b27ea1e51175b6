/** The sections of INFO that say what was done since the start, or since CONFIG RESETSTAT. */
import type { KnownCommand } from "../command-table.ts";
import type { Server } from "../server.ts";
import type { Fields } from "./info.ts";

export function statistics(server: Server): Fields {
  const { statistics: counted, keyspace, channels, tracking } = server;
  const { rates } = counted;
  return [
    ["total_connections_received", counted.connectionsReceived],
    ["total_commands_processed", counted.commandsProcessed],
    ["instantaneous_ops_per_sec", Math.round(rates.commands.perSecond)],
    ["total_net_input_bytes", counted.inputBytes],
    ["total_net_output_bytes", counted.outputBytes],
    ["instantaneous_input_kbps", (rates.inputBytes.perSecond / 1024).toFixed(2)],
    ["instantaneous_output_kbps", (rates.outputBytes.perSecond / 1024).toFixed(2)],
    ["rejected_connections", counted.connectionsRejected],
    ["expired_keys", counted.expiredKeys],
    ["expired_subkeys", counted.expiredFields],
    ["expired_time_cap_reached_count", counted.expireCycleCapReached],
    ["evicted_keys", counted.evictedKeys],
    ["evicted_clients", 0],
    ["keyspace_hits", keyspace.hits],
    ["keyspace_misses", keyspace.misses],
    ["pubsub_channels", channels.active().length],
    ["pubsub_patterns", channels.patternCount],
    ["latest_fork_usec", counted.latestForkUs],
    ["total_forks", counted.forks],
    ["migrate_cached_sockets", server.moves.keptConnections],
    ["tracking_total_keys", tracking.keyCount],
    ["tracking_total_items", tracking.itemCount],
    ["tracking_total_prefixes", tracking.prefixCount],
    ["unexpected_error_replies", 0],
    ["total_error_replies", counted.errorReplies],
    ["client_query_buffer_limit_disconnections", counted.queryBufferLimitDisconnections],
    ["client_output_buffer_limit_disconnections", counted.outputBufferLimitDisconnections],
  ];
}

export function commandStatistics(server: Server): Fields {
  return [...server.commands.all()]
    .flatMap((command) => [command, ...(command.subcommands?.values() ?? [])])
    .filter(({ calls, rejectedCalls, failedCalls }) => calls + rejectedCalls + failedCalls > 0)
    .map((command) => [`cmdstat_${command.name}`, describeCalls(command)]);
}

function describeCalls({ calls, microseconds, rejectedCalls, failedCalls }: KnownCommand): string {
  const perCall = calls === 0 ? 0 : microseconds / calls;
  return (
    `calls=${calls},usec=${Math.round(microseconds)},usec_per_call=${perCall.toFixed(2)},` +
    `rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`
  );
}

/** `latency_percentiles_usec_get:p50=1.000,p99=3.000,p99.9=9.000`. */
export function latencyStatistics(server: Server): Fields {
  const percents = server.config.get("latency-tracking-info-percentiles").split(/\s+/).filter(Boolean).map(Number);
  if (!server.config.get("latency-tracking")) return [];
  return [...server.commands.all()]
    .flatMap((command) => [command, ...(command.subcommands?.values() ?? [])])
    .flatMap(({ name, latency }) => {
      if (latency === undefined) return [];
      const values = percents.map((percent) => `p${percent}=${latency.percentile(percent).toFixed(3)}`);
      return [[`latency_percentiles_usec_${name}`, values.join(",")]];
    });
}

export function errorStatistics(server: Server): Fields {
  return [...server.statistics.errors]
    .sort(([first], [second]) => (first < second ? -1 : 1))
    .map(([code, count]) => [`errorstat_${code}`, `count=${count}`]);
}
