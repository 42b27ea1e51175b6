/**
 * Reads one stream back: its entries, its last id, and of each group how far it is and what is pending.
 *
 *     XRANGE - + ─▶ entries        XINFO STREAM ─▶ last id        XINFO GROUPS ─▶ per group: XPENDING - + n
 *
 * What is pending of an entry that is gone is left out: a store may forget it at any time (operations/stream-value.ts).
 */
import type { ModelGroup, ModelPending, ModelValue } from "../operations/model.ts";
import type { Bytes, Reply } from "../recording/history.ts";
import type { RespClient } from "../targets/target.ts";
import { integerOf, itemsOf, pairsOf, textOf } from "./reply-parts.ts";

/** Undefined when the key is gone. */
export async function readStream(client: RespClient, name: Bytes): Promise<ModelValue | undefined> {
  const [range, info, groupList] = await client.together(() =>
    Promise.all([
      client.send(["XRANGE", name, "-", "+"]),
      client.send(["XINFO", "STREAM", name]),
      client.send(["XINFO", "GROUPS", name]),
    ]),
  );
  // Expired between the questions.
  if (info.kind === "error" || groupList.kind === "error") return undefined;
  const entries = itemsOf(range).map((entry) => {
    const [id, items] = itemsOf(entry);
    return [textOf(id), itemsOf(items).map(textOf)] as const;
  });
  const live = new Set(entries.map(([id]) => id));
  const groups = new Map<Bytes, ModelGroup>();
  for (const reply of itemsOf(groupList)) {
    const facts = factsOf(reply);
    const group = textOf(facts.get("name"));
    const pending = await readPending(client, name, group, integerOf(facts.get("pending")));
    groups.set(group, {
      lastId: textOf(facts.get("last-delivered-id")),
      pending: new Map(pending.filter(([id]) => live.has(id))),
    });
  }
  return { type: "stream", entries, lastId: textOf(factsOf(info).get("last-generated-id")), groups };
}

async function readPending(
  client: RespClient,
  name: Bytes,
  group: Bytes,
  count: number,
): Promise<(readonly [Bytes, ModelPending])[]> {
  if (count === 0) return [];
  const reply = await client.send(["XPENDING", name, group, "-", "+", String(count)]);
  return itemsOf(reply).map((item) => {
    const [id, consumer, , deliveries] = itemsOf(item);
    return [textOf(id), { consumer: textOf(consumer), deliveries: integerOf(deliveries) }] as const;
  });
}

/** Names and values in turn. */
function factsOf(reply: Reply | undefined): ReadonlyMap<Bytes, Reply | undefined> {
  return new Map(pairsOf(itemsOf(reply)).map(([name, value]) => [textOf(name), value]));
}
