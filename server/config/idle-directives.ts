/**
 * Directives that a redis.conf may hold and that mean nothing to this server: they are checked, shown and rewritten like
 * any other, so that such a file loads as it is. Where a value asks for something that only another server can do, it is
 * refused.
 */
import { bytes, oneOf, only, text, whole, yesNo } from "./directive.ts";
import { masterAddress } from "./special-directives.ts";

const fixed = { fixed: true } as const;
const megabyte = 1024 ** 2;
const huge = { max: Number.MAX_SAFE_INTEGER };

export const idleDirectives = {
  // Threads, memory and the operating system are Node's business.
  "io-threads": whole(1, { min: 1, max: 128 }, fixed),
  "io-threads-do-reads": yesNo(false, fixed),
  activerehashing: yesNo(true),
  activedefrag: only(
    yesNo(false),
    (wanted) => !wanted,
    "Active defragmentation cannot be enabled: this server has none",
  ),
  "active-defrag-cycle-min": whole(1, { min: 1, max: 99 }),
  "active-defrag-cycle-max": whole(25, { min: 1, max: 99 }),
  "active-defrag-threshold-lower": whole(10, { max: 1000 }),
  "active-defrag-threshold-upper": whole(100, { max: 1000 }),
  "active-defrag-ignore-bytes": bytes(100 * megabyte, { min: 1 }),
  "active-defrag-max-scan-fields": whole(1000, { min: 1, ...huge }),
  "jemalloc-bg-thread": yesNo(true),
  "disable-thp": yesNo(true, fixed),
  "oom-score-adj": oneOf(["no", "yes", "relative", "absolute"], "no"),
  "oom-score-adj-values": text("0 200 800"),
  "always-show-logo": yesNo(false, fixed),
  "crash-log-enabled": yesNo(true),
  "crash-memcheck-enabled": yesNo(true),
  "use-exit-on-panic": yesNo(false, { hidden: true }),
  "watchdog-period": whole(0, {}, { hidden: true }),
  "ignore-warnings": text(""),
  supervised: oneOf(["upstart", "systemd", "auto", "no"], "no", fixed),
  "syslog-enabled": only(yesNo(false, fixed), (wanted) => !wanted, "this server logs to stdout or to logfile only"),
  "syslog-ident": text("redis", fixed),
  "syslog-facility": oneOf(
    ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
    "local0",
    fixed,
  ),
  server_cpulist: text("", fixed),
  bio_cpulist: text("", fixed),
  aof_rewrite_cpulist: text("", fixed),
  bgsave_cpulist: text("", fixed),
  "socket-mark-id": whole(0, huge, fixed),
  "bind-source-addr": text(""),

  // Replication: this server stands alone.
  replicaof: only(masterAddress, (wanted) => wanted === "", "this server does not replicate"),
  masteruser: text(""),
  masterauth: text(""),
  "replica-serve-stale-data": yesNo(true, { alias: "slave-serve-stale-data" }),
  "replica-read-only": yesNo(true, { alias: "slave-read-only" }),
  "replica-priority": whole(100, {}, { alias: "slave-priority" }),
  "replica-lazy-flush": yesNo(false, { alias: "slave-lazy-flush" }),
  "replica-ignore-maxmemory": yesNo(true, { alias: "slave-ignore-maxmemory" }),
  "replica-announced": yesNo(true),
  "replica-announce-ip": text("", { alias: "slave-announce-ip" }),
  "replica-announce-port": whole(0, { max: 65535 }, { alias: "slave-announce-port" }),
  "repl-diskless-sync": yesNo(true),
  "repl-diskless-sync-delay": whole(5),
  "repl-diskless-sync-max-replicas": whole(0),
  "repl-diskless-load": oneOf(["disabled", "on-empty-db", "swapdb"], "disabled"),
  "repl-disable-tcp-nodelay": yesNo(false),
  "repl-timeout": whole(60, { min: 1 }),
  "repl-ping-replica-period": whole(10, { min: 1 }, { alias: "repl-ping-slave-period" }),
  "repl-backlog-size": bytes(megabyte, { min: 1 }),
  "repl-backlog-ttl": whole(3600, huge),
  "min-replicas-to-write": whole(0, {}, { alias: "min-slaves-to-write" }),
  "min-replicas-max-lag": whole(10, {}, { alias: "min-slaves-max-lag" }),
  "propagation-error-behavior": oneOf(["ignore", "panic", "panic-on-replicas"], "ignore"),

  // Cluster.
  "cluster-enabled": only(yesNo(false, fixed), (wanted) => !wanted, "this server has no cluster mode"),
  "cluster-config-file": text("nodes.conf", fixed),
  "cluster-node-timeout": whole(15000, huge),
  "cluster-port": whole(0, { max: 65535 }, fixed),
  "cluster-announce-ip": text(""),
  "cluster-announce-hostname": text(""),
  "cluster-announce-port": whole(0, { max: 65535 }),
  "cluster-announce-bus-port": whole(0, { max: 65535 }),
  "cluster-announce-tls-port": whole(0, { max: 65535 }),
  "cluster-preferred-endpoint-type": oneOf(["ip", "hostname", "unknown-endpoint"], "ip"),
  "cluster-replica-validity-factor": whole(10, {}, { alias: "cluster-slave-validity-factor" }),
  "cluster-replica-no-failover": yesNo(false, { alias: "cluster-slave-no-failover" }),
  "cluster-migration-barrier": whole(1),
  "cluster-require-full-coverage": yesNo(true),
  "cluster-allow-reads-when-down": yesNo(false),
  "cluster-allow-pubsubshard-when-down": yesNo(true),
  "cluster-allow-replica-migration": yesNo(true),
  "cluster-link-sendbuf-limit": bytes(0),
};
