/** The table of directives that mean something here. Adding one is a line. */

import { titleTemplate } from "../process-title.ts";
import {
  BadValue,
  baseName,
  bytes,
  bytesOrPercent,
  octal,
  oneOf,
  only,
  someOf,
  text,
  whole,
  yesNo,
} from "./directive.ts";
import { idleDirectives } from "./idle-directives.ts";
import {
  bindAddresses,
  dataDir,
  notificationLetters,
  outputLimits,
  percentiles,
  savePoints,
  userLines,
} from "./special-directives.ts";

const fixed = { fixed: true } as const;
const hidden = { hidden: true } as const;
/** A tool that sets again all that CONFIG GET * shows knows which of Redis's directives are fixed, and not these. */
const own = { fixed: true, hidden: true } as const;
const kilobyte = 1024;
const megabyte = kilobyte ** 2;
const signed = { min: -(2 ** 31) };
const huge = { max: Number.MAX_SAFE_INTEGER };

const stopWords = ["default", "save", "nosave", "now", "force"] as const;
const oneWish = (words: readonly string[]) => {
  if (words.includes("save") && words.includes("nosave")) {
    throw new BadValue("shutdown options SAVE and NOSAVE can't be used simultaneously");
  }
};

export const directives = {
  // Where it listens, and to whom.
  bind: bindAddresses,
  port: whole(6379, { max: 65535 }),
  "protected-mode": yesNo(true),
  "tcp-backlog": whole(511, {}, fixed),
  unixsocket: text("", fixed),
  unixsocketperm: octal(0, 0o777, fixed),
  timeout: whole(0),
  "tcp-keepalive": whole(300),
  requirepass: text(""),
  user: userLines,
  aclfile: text("", fixed),
  "acllog-max-len": whole(128, huge),
  "acl-pubsub-default": oneOf(["allchannels", "resetchannels"], "resetchannels"),
  maxclients: whole(10000, { min: 1, max: 2 ** 32 - 1 }),
  "client-query-buffer-limit": bytes(1024 * megabyte, { min: megabyte }),
  "proto-max-bulk-len": bytes(512 * megabyte, { min: megabyte }),
  "client-output-buffer-limit": outputLimits,

  // The process.
  "set-proc-title": yesNo(true, fixed),
  "proc-title-template": titleTemplate("{title} {listen-addr} {server-mode}"),
  daemonize: only(
    yesNo(false, fixed),
    (wanted) => !wanted,
    "this server stays in the foreground; let a service manager or a shell put it in the background",
  ),
  pidfile: text("", fixed),
  logfile: text("", fixed),
  loglevel: oneOf(["debug", "verbose", "notice", "warning"], "notice"),
  databases: whole(16, { min: 1 }, fixed),
  hz: whole(10),
  "dynamic-hz": yesNo(true),
  "shutdown-timeout": whole(10),
  "shutdown-on-sigint": someOf(stopWords, ["default"], { check: oneWish }),
  "shutdown-on-sigterm": someOf(stopWords, ["default"], { check: oneWish }),
  "enable-debug-command": oneOf(["no", "yes", "local"], "no", fixed),
  "enable-protected-configs": oneOf(["no", "yes", "local"], "no", fixed),
  "enable-module-command": oneOf(["no", "yes", "local"], "no", fixed),

  // Snapshots.
  save: savePoints,
  dir: dataDir,
  dbfilename: text("dump.rdb", { isProtected: true, check: baseName("dbfilename", "filename", true) }),
  rdbcompression: yesNo(true),
  rdbchecksum: yesNo(true, fixed),
  "rdb-save-incremental-fsync": yesNo(true),
  "rdb-del-sync-files": yesNo(false),
  "stop-writes-on-bgsave-error": yesNo(true),
  "sanitize-dump-payload": oneOf(["no", "yes", "clients"], "no"),
  "rdb-key-save-delay": whole(0, signed, hidden),
  "key-load-delay": whole(0, signed, hidden),
  "loading-process-events-interval-bytes": whole(2 * megabyte, { min: kilobyte }, hidden),

  // The log.
  appendonly: yesNo(false, { deniedWhileLoading: true }),
  appendfilename: text("appendonly.aof", { ...fixed, check: baseName("appendfilename", "filename", false) }),
  appenddirname: text("appendonlydir", { ...fixed, check: baseName("appenddirname", "dirname", false) }),
  appendfsync: oneOf(["everysec", "always", "no"], "everysec"),
  "no-appendfsync-on-rewrite": yesNo(false),
  "auto-aof-rewrite-percentage": whole(100),
  "auto-aof-rewrite-min-size": bytes(64 * megabyte),
  "aof-load-truncated": yesNo(true),
  "aof-use-rdb-preamble": yesNo(true),
  "aof-timestamp-enabled": yesNo(false),
  "aof-rewrite-incremental-fsync": yesNo(true),
  "aof-disable-auto-gc": yesNo(false),
  "replica-ignore-disk-write-errors": yesNo(false),

  // Safer than Redis, which knows none of these; its files stay readable by it. See aof/batch.ts and aof/aof-writer.ts.
  /** What a turn writes to the log stands under a checksum; what is loaded was verified before. The manifest as well. */
  "lossbound-aof-batch-checksum": yesNo(false, own),
  /** After a failed sync, and at the start, what is not known to be durable is written again before it is synced. */
  "lossbound-rewrite-unsynced": yesNo(false, own),
  /** A write is answered only when it is in the log's file: also while a sync runs, also when the disk is full. */
  "lossbound-write-before-reply": yesNo(false, own),

  // How values are encoded.
  "hash-max-listpack-entries": whole(512, huge, { alias: "hash-max-ziplist-entries" }),
  "hash-max-listpack-value": bytes(64, {}, { alias: "hash-max-ziplist-value" }),
  "list-max-listpack-size": whole(-2, signed, { alias: "list-max-ziplist-size" }),
  "list-compress-depth": whole(0),
  "set-max-intset-entries": whole(512, huge),
  "zset-max-listpack-entries": whole(128, huge, { alias: "zset-max-ziplist-entries" }),
  "zset-max-listpack-value": bytes(64, {}, { alias: "zset-max-ziplist-value" }),
  "stream-node-max-bytes": bytes(4096),
  "stream-node-max-entries": whole(100, huge),
  "hll-sparse-max-bytes": bytes(3000),

  // Keys.
  maxmemory: bytes(0),
  "maxmemory-policy": oneOf(
    [
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "noeviction",
    ],
    "noeviction",
  ),
  "maxmemory-samples": whole(5, { min: 1 }),
  "maxmemory-eviction-tenacity": whole(10, { max: 100 }),
  "lfu-log-factor": whole(10),
  "lfu-decay-time": whole(1),
  "lazyfree-lazy-eviction": yesNo(false),
  "tracking-table-max-keys": whole(1_000_000, huge),
  "maxmemory-clients": bytesOrPercent(0),
  "active-expire-effort": whole(1, { min: 1, max: 10 }),
  "lazyfree-lazy-expire": yesNo(false),
  "lazyfree-lazy-server-del": yesNo(false),
  "lazyfree-lazy-user-del": yesNo(false),
  "lazyfree-lazy-user-flush": yesNo(false),
  "notify-keyspace-events": notificationLetters,

  // What it watches of itself.
  "slowlog-log-slower-than": whole(10000, { min: -1, ...huge }),
  "slowlog-max-len": whole(128, huge),
  "latency-tracking": yesNo(true),
  "latency-tracking-info-percentiles": percentiles("50 99 99.9"),
  "latency-monitor-threshold": whole(0, huge),
  "busy-reply-threshold": whole(5000, huge, { alias: "lua-time-limit" }),

  ...idleDirectives,
};
