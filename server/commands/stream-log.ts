/**
 * What commands on consumer groups leave in the log: not what was asked, which depends on the time and on who else asks,
 * but what a group holds afterwards.
 *
 *     XREADGROUP, XCLAIM, XAUTOCLAIM   → XCLAIM, for each entry that changed hands
 *     XREADGROUP … NOACK               → XGROUP SETID, for how far the group has come
 *     a consumer that got nothing      → XGROUP CREATECONSUMER
 */
import type { Pending, StreamGroup } from "../types/stream-group.ts";
import { formatId, type StreamId } from "../types/stream-id.ts";
import type { Args } from "./command.ts";

/** A group, and how a request names it. */
export interface NamedGroup {
  readonly key: string;
  readonly groupName: string;
  readonly group: StreamGroup;
}

/** The same whether it is replayed once or twice, and it also takes away what is pending of an entry that is no more. */
export function claimRequest({ key, groupName, group }: NamedGroup, id: StreamId, pending: Pending): Args {
  return [
    ...["XCLAIM", key, groupName, pending.consumer.name, "0", formatId(id)],
    ...["TIME", String(pending.deliveredMs), "RETRYCOUNT", String(pending.deliveries)],
    ...["FORCE", "JUSTID", "LASTID", formatId(group.lastId)],
  ];
}

export function progressRequest({ key, groupName, group }: NamedGroup): Args {
  const read = String(group.entriesRead ?? -1n);
  return ["XGROUP", "SETID", key, groupName, formatId(group.lastId), "ENTRIESREAD", read];
}

export function consumerRequest({ key, groupName }: NamedGroup, consumer: string): Args {
  return ["XGROUP", "CREATECONSUMER", key, groupName, consumer];
}
