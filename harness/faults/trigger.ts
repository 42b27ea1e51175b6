/**
 * Triggers: when a fault strikes. Each waits for its moment, under load, and says what it found when the moment came.
 *
 *     clients   ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮
 *     acks      100 … 500 ┐
 *     harness             └ BGREWRITEAOF ─ begun? ─ delay ─▶ strike
 *     child                        ▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮▮
 */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readInfo } from "../targets/identity.ts";
import type { RespClient } from "../targets/target.ts";
import type { LiveRun } from "./fault.ts";

export type Job = "rewrite" | "bgsave";

interface JobFacts {
  readonly command: string;
  /** In INFO persistence, and 1 while it runs. */
  readonly field: string;
  /** Files that it makes in the data folder, for stores that tell nothing. */
  readonly temporary: RegExp;
}

const jobs: Readonly<Record<Job, JobFacts>> = {
  rewrite: { command: "BGREWRITEAOF", field: "aof_rewrite_in_progress", temporary: /^temp-rewriteaof-/ },
  bgsave: { command: "BGSAVE", field: "rdb_bgsave_in_progress", temporary: /^temp-\d+\.rdb$/ },
};

const patienceMs = 3_000;

/**
 * Asks for a rewrite or a snapshot of its own: one that is under way ends first, so that there is a complete one behind
 * it. Resolves when it was seen to run: false when it never was.
 */
export async function beginJob(job: Job, live: LiveRun): Promise<boolean> {
  const client = await live.instance.connect();
  try {
    await untilAccepted(jobs[job].command, client);
    return await untilItRuns(job, client, live);
  } finally {
    client.close();
  }
}

async function untilAccepted(command: string, client: RespClient): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const reply = await client.send([command]);
    if (reply.kind !== "error") return;
    if (!/in progress/i.test(reply.message)) throw new Error(`${command} was refused: ${reply.message}`);
    // One that does not end is as good as ours.
    if (performance.now() > deadlineMs) return;
    await sleep(1);
  }
}

async function untilItRuns(job: Job, client: RespClient, live: LiveRun): Promise<boolean> {
  const { field, temporary } = jobs[job];
  const deadlineMs = performance.now() + patienceMs;
  while (performance.now() < deadlineMs) {
    const fields = await readInfo(client, "persistence");
    if (fields.get(field) === "1" || readdirSync(live.volume.dir).some((name) => temporary.test(name))) return true;
    await sleep(1);
  }
  return false;
}

/** After so many acks each, a snapshot, until the store is gone. */
export async function askForSaves(live: LiveRun): Promise<void> {
  for (const acks of live.link.savesAtAcks) {
    await live.driver.whenAcked(acks);
    const client = await live.instance.connect().catch(() => undefined);
    // The store is gone, and the run with it.
    if (client === undefined) return;
    // A dead store's orphan may keep the connection open: the answer is waited for only while somebody can give it.
    await Promise.race([client.send(["BGSAVE"]).catch(() => undefined), live.instance.ended]);
    client.close();
  }
}
