/**
 * The commands that build a stream again, as a rewritten log without an RDB preamble holds them: its entries, what is
 * left to say about ids and counts, then each group with what is pending in it.
 */
import type { StreamImage } from "./stream.ts";
import { byName } from "./stream-group.ts";
import { formatId } from "./stream-id.ts";

export function* rebuildStream(key: string, image: StreamImage): Generator<readonly string[], void, undefined> {
  for (const { entries } of image.nodes) {
    for (const { id, fields, values, deleted } of entries) {
      if (deleted) continue;
      yield ["XADD", key, formatId(id), ...fields.flatMap((field, index) => [field, values[index] as string])];
    }
  }
  // An entry that goes as it comes: the only way to an empty stream that has no group either.
  if (image.length === 0) yield ["XADD", key, "MAXLEN", "0", "0-1", "x", "y"];
  yield [
    ...["XSETID", key, formatId(image.lastId)],
    ...["ENTRIESADDED", String(image.entriesAdded), "MAXDELETEDID", formatId(image.maxDeletedId)],
  ];
  for (const [name, group] of byName(image.groups)) {
    const read = String(group.entriesRead ?? -1n);
    yield ["XGROUP", "CREATE", key, name, formatId(group.lastId), "ENTRIESREAD", read];
    for (const [consumer, { pending }] of byName(group.consumers)) {
      if (pending.size === 0) yield ["XGROUP", "CREATECONSUMER", key, name, consumer];
      for (const [id, { deliveredMs, deliveries }] of pending) {
        const state = ["TIME", String(deliveredMs), "RETRYCOUNT", String(deliveries), "JUSTID", "FORCE"];
        yield ["XCLAIM", key, name, consumer, "0", formatId(id), ...state];
      }
    }
  }
}
