/** INFO's section `persistence`: the same fields in the same order as Redis, so that every tool finds what it looks for. */
import type { Persistence } from "./persistence.ts";
import type { SaveRun } from "./save-run.ts";
import type { Server } from "./server.ts";

type Field = readonly [name: string, value: string | number];

export function persistenceInfo(server: Server, persistence: Persistence): Field[] {
  return [
    ["loading", Number(server.loading)],
    ["async_loading", 0],
    ...saverFields(server, persistence),
    ...snapshotFields(server, persistence),
    ...logFields(server, persistence),
    ["module_fork_in_progress", 0],
    ["module_fork_last_cow_size", 0],
    ...(server.config.get("appendonly") ? openLogFields(persistence) : []),
    ...(persistence.progress.isLoading ? loadingFields(server, persistence) : []),
  ];
}

/** What takes the place of copied pages: what a frozen view keeps because it was changed under it. */
function saverFields(_server: Server, { desk }: Persistence): Field[] {
  const run = desk.current;
  const kept = run?.keptBytes ?? 0;
  const share = run === undefined || run.totalKeys === 0 ? 0 : (run.processedKeys / run.totalKeys) * 100;
  return [
    ["current_cow_peak", kept],
    ["current_cow_size", kept],
    ["current_cow_size_age", 0],
    ["current_fork_perc", share.toFixed(2)],
    ["current_save_keys_processed", run?.processedKeys ?? 0],
    ["current_save_keys_total", run?.totalKeys ?? 0],
  ];
}

function snapshotFields(server: Server, { desk, snapshots, progress }: Persistence): Field[] {
  const run = desk.isSaving("rdb") ? desk.current : undefined;
  return [
    ["rdb_changes_since_last_save", server.keyspace.dirty],
    ["rdb_bgsave_in_progress", Number(run !== undefined)],
    ["rdb_last_save_time", snapshots.lastSaveS],
    ["rdb_last_bgsave_status", snapshots.lastStatus],
    ["rdb_last_bgsave_time_sec", snapshots.lastDurationS],
    ["rdb_current_bgsave_time_sec", ageS(server, run)],
    ["rdb_saves", snapshots.savesCount],
    ["rdb_last_cow_size", snapshots.lastKeptBytes],
    ["rdb_last_load_keys_expired", progress.keysExpired],
    ["rdb_last_load_keys_loaded", progress.keysLoaded],
  ];
}

function logFields(server: Server, { aof, desk, rewrite }: Persistence): Field[] {
  const run = desk.isSaving("aof-base") ? desk.current : undefined;
  return [
    ["aof_enabled", Number(aof.state !== "off")],
    ["aof_rewrite_in_progress", Number(run !== undefined)],
    ["aof_rewrite_scheduled", Number(rewrite.isScheduled)],
    ["aof_last_rewrite_time_sec", rewrite.lastDurationS],
    ["aof_current_rewrite_time_sec", ageS(server, run)],
    ["aof_last_bgrewrite_status", rewrite.lastStatus],
    ["aof_rewrites", rewrite.startedCount],
    ["aof_rewrites_consecutive_failures", rewrite.consecutiveFailures],
    ["aof_last_write_status", aof.writer.error === undefined ? "ok" : "err"],
    ["aof_last_cow_size", rewrite.lastKeptBytes],
  ];
}

function openLogFields({ aof, rewrite }: Persistence): Field[] {
  return [
    ["aof_current_size", aof.sizeBytes],
    ["aof_base_size", aof.baseSizeBytes],
    ["aof_pending_rewrite", Number(rewrite.isScheduled)],
    ["aof_buffer_length", aof.writer.bufferedBytes],
    ["aof_pending_bio_fsync", aof.writer.pendingSyncCount],
    ["aof_delayed_fsync", aof.writer.delayedSyncCount],
  ];
}

function loadingFields(server: Server, { progress }: Persistence): Field[] {
  const { startedS, totalBytes, loadedBytes } = progress;
  const elapsedS = Math.floor(server.world.clock.wallMs() / 1000) - startedS;
  const isKnown = elapsedS > 0 && loadedBytes > 0;
  const etaS = isKnown ? Math.round((elapsedS * (totalBytes - loadedBytes)) / loadedBytes) : 1;
  return [
    ["loading_start_time", startedS],
    ["loading_total_bytes", totalBytes],
    ["loading_rdb_used_mem", 0],
    ["loading_loaded_bytes", loadedBytes],
    ["loading_loaded_perc", (totalBytes === 0 ? 100 : (loadedBytes / totalBytes) * 100).toFixed(2)],
    ["loading_eta_seconds", etaS],
  ];
}

function ageS(server: Server, run: SaveRun | undefined): number {
  return run === undefined ? -1 : Math.floor((server.world.clock.monotonicMs() - run.startedMs) / 1000);
}
