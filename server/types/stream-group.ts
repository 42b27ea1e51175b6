/**
 * Consumer groups: who was given which entries of a stream, and has not acknowledged them.
 *
 *     group ── last delivered id
 *       ├─ pending     5-1 → { ann, twice, 12:00 }    6-1 → { bob, once, 12:03 }          all of them
 *       ├─ ann ── pending 5-1 → the same                                                  hers
 *       └─ bob ── pending 6-1 → the same
 */
import { assert } from "../assert.ts";
import { IdMap } from "./id-map.ts";
import type { StreamId } from "./stream-id.ts";

export interface Pending {
  consumer: Consumer;
  /** Wall milliseconds of the last delivery. */
  deliveredMs: number;
  deliveries: number;
}

export interface Consumer {
  readonly name: string;
  /** Wall milliseconds: when it last asked for something. */
  seenMs: number;
  readonly pending: IdMap<Pending>;
}

export class StreamGroup {
  lastId: StreamId;
  /** How many of all entries ever added it has read; undefined: not known. */
  entriesRead: bigint | undefined;
  readonly pending = new IdMap<Pending>();
  readonly consumers = new Map<string, Consumer>();

  constructor(lastId: StreamId, entriesRead: bigint | undefined) {
    this.lastId = lastId;
    this.entriesRead = entriesRead;
  }

  /** Adds a consumer that is not there. */
  addConsumer(name: string, seenMs: number): Consumer {
    assert(!this.consumers.has(name), "an added consumer is new");
    const consumer: Consumer = { name, seenMs, pending: new IdMap() };
    this.consumers.set(name, consumer);
    return consumer;
  }

  removeConsumer(consumer: Consumer): void {
    for (const [id] of consumer.pending) this.pending.delete(id);
    this.consumers.delete(consumer.name);
  }

  /** The entry is this consumer's now, whoever had it before. */
  assign(id: StreamId, consumer: Consumer, deliveredMs: number, deliveries: number): Pending {
    let pending = this.pending.get(id);
    if (pending === undefined) {
      pending = { consumer, deliveredMs, deliveries };
      this.pending.set(id, pending);
    } else if (pending.consumer !== consumer) {
      pending.consumer.pending.delete(id);
    }
    pending.consumer = consumer;
    pending.deliveredMs = deliveredMs;
    pending.deliveries = deliveries;
    consumer.pending.set(id, pending);
    return pending;
  }

  /** True when it was pending. */
  acknowledge(id: StreamId): boolean {
    const pending = this.pending.get(id);
    if (pending === undefined) return false;
    this.pending.delete(id);
    pending.consumer.pending.delete(id);
    return true;
  }

  /** A copy that shares nothing with it. */
  copy(): StreamGroup {
    const copy = new StreamGroup(this.lastId, this.entriesRead);
    for (const { name, seenMs } of this.consumers.values()) copy.addConsumer(name, seenMs);
    for (const [id, { consumer, deliveredMs, deliveries }] of this.pending) {
      copy.assign(id, copy.consumers.get(consumer.name) as Consumer, deliveredMs, deliveries);
    }
    return copy;
  }
}

/** In the order in which Redis keeps, shows and writes what is called by a name. */
export function byName<V>(map: ReadonlyMap<string, V>): (readonly [string, V])[] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1));
}
