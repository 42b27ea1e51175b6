/**
 * A store that is not empty when its recording begins: filled on an ordinary disk, ended in an orderly way, and its files
 * laid under the store that is recorded. Nothing of that is the recording's to lose.
 *
 *     ordinary disk     start ─ MSET … MSET ─ rewrite ─ stop ─▶ files
 *     recorded volume                                          files, settled ─ start ─ clients …
 *
 * They are in a database of their own, where nothing expires: so a million of them are read back in seconds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Image } from "../disk/image.ts";
import type { Volume } from "../disk/volume.ts";
import { randomFrom } from "../random.ts";
import { lastValue } from "../targets/config-file.ts";
import { readInfo } from "../targets/identity.ts";
import type { Config, RespClient, Target } from "../targets/target.ts";

/** No workload goes so far. */
const database = 15;
const keysInACall = 500;
const callsAtATime = 20;
const betweenQuestionsMs = 20;

/**
 * @param volume empty, and of no more use afterwards.
 * @throws Error when the store refuses a key, or ends.
 */
export async function filledFiles(
  target: Target,
  volume: Volume,
  config: Config,
  { keys, seed }: { readonly keys: number; readonly seed: string },
): Promise<Image> {
  const instance = await target.start(volume, config);
  try {
    const client = await instance.connect();
    await fill(client, keys, seed);
    // As a store is that has been running for long: most of it lies in a base, and its log is short.
    if (lastValue(config, "appendonly") === "yes") await rewriteLog(client);
    client.close();
    await instance.stop();
    return await volume.image();
  } finally {
    await instance.dispose();
  }
}

async function fill(client: RespClient, keys: number, seed: string): Promise<void> {
  const random = randomFrom(`${seed}/preload`);
  const selected = await client.send(["SELECT", String(database)]);
  if (selected.kind === "error") throw new Error(`it could not be filled: database ${database}: ${selected.message}`);
  const step = keysInACall * callsAtATime;
  for (let from = 0; from < keys; from += step) {
    const calls: string[][] = [];
    for (let first = from; first < Math.min(keys, from + step); first += keysInACall) {
      const call = ["MSET"];
      for (let key = first; key < Math.min(keys, first + keysInACall); key++) {
        call.push(`cold:${key}`, `${key}.${random.below(1e9)}`);
      }
      calls.push(call);
    }
    const replies = await client.together(() => Promise.all(calls.map((call) => client.send(call))));
    for (const reply of replies)
      if (reply.kind === "error") throw new Error(`it could not be filled: ${reply.message}`);
  }
}

async function rewriteLog(client: RespClient): Promise<void> {
  await client.send(["BGREWRITEAOF"]);
  const isBusy = async () => {
    const fields = await readInfo(client, "persistence");
    return fields.get("aof_rewrite_in_progress") === "1" || fields.get("aof_rewrite_scheduled") === "1";
  };
  while (await isBusy()) await sleep(betweenQuestionsMs);
}
