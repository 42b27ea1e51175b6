/** What a backup says to a store, and what it makes of the answers. */
import type { Reply, Request } from "../recording/history.ts";
import { BackupFailed, type BackupWorld } from "./backup-world.ts";

/** How long a save or a rewrite may take before somebody should look. */
const patienceMs = 30 * 60_000;
const betweenLooksMs = 20;

/** @throws BackupFailed for an error reply */
export async function sendOrFail({ store }: BackupWorld, request: Request): Promise<Reply> {
  const reply = await store.send(request);
  if (reply.kind === "error") throw new BackupFailed(`the store refused ${request.join(" ")}: ${reply.message}`);
  return reply;
}

/** Undefined for a directive that the store does not know. */
export async function readDirective(world: BackupWorld, name: string): Promise<string | undefined> {
  const reply = await sendOrFail(world, ["CONFIG", "GET", name]);
  const value = reply.kind === "array" ? reply.items[1] : undefined;
  return value?.kind === "string" ? value.value : undefined;
}

/** @throws BackupFailed when the store does not say */
export async function mustReadDirective(world: BackupWorld, name: string): Promise<string> {
  const value = await readDirective(world, name);
  if (value === undefined) throw new BackupFailed(`the store does not say what ${name} is`);
  return value;
}

export async function persistenceInfo(world: BackupWorld): Promise<ReadonlyMap<string, string>> {
  const reply = await sendOrFail(world, ["INFO", "persistence"]);
  const text = reply.kind === "string" ? reply.value : "";
  return new Map(
    text.split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
}

/** Looks again and again. @throws BackupFailed when it takes too long */
export async function until(world: BackupWorld, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = world.clock.nowMs() + patienceMs;
  while (!(await isSo())) {
    if (world.clock.nowMs() > deadlineMs) throw new BackupFailed(`waited ${patienceMs / 60_000} minutes for ${what}`);
    await world.clock.sleep(betweenLooksMs);
  }
}

export function integerIn(reply: Reply): number {
  if (reply.kind !== "integer") throw new BackupFailed(`expected a number of the store, and it said ${reply.kind}`);
  return reply.value;
}
