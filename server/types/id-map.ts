/**
 * A map from stream ids to what is known about them, in the order of the ids: the pending entries of a consumer group,
 * of which there may be many.
 *
 *     chunk 5 … 17 ┆ chunk 21 … 90 ┆ chunk 91 … 104       at most 256 ids a chunk; a chunk that outgrows that is split
 *
 * Ids mostly come in rising order, and are taken away from the low end.
 */
import type { StreamId } from "./stream-id.ts";

const chunkLengthMax = 256;

interface Chunk<V> {
  readonly ids: StreamId[];
  readonly values: V[];
}

export class IdMap<V> {
  private readonly chunks: Chunk<V>[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  get first(): StreamId | undefined {
    return this.chunks[0]?.ids[0];
  }

  get last(): StreamId | undefined {
    return this.chunks.at(-1)?.ids.at(-1);
  }

  get(id: StreamId): V | undefined {
    const chunk = this.chunks[this.chunkOf(id)];
    if (chunk === undefined) return undefined;
    const at = placeOf(chunk.ids, id);
    return chunk.ids[at] === id ? chunk.values[at] : undefined;
  }

  set(id: StreamId, value: V): void {
    let index = this.chunkOf(id);
    if (this.chunks.length === 0) this.chunks.push({ ids: [], values: [] });
    else if (index === this.chunks.length - 1 && this.isFull(index) && id > (this.last as StreamId)) {
      // Ids that only ever rise fill one chunk after the other, instead of leaving halves behind.
      this.chunks.push({ ids: [], values: [] });
      index++;
    }
    const { ids, values } = this.chunks[index] as Chunk<V>;
    const at = placeOf(ids, id);
    if (ids[at] === id) {
      values[at] = value;
      return;
    }
    ids.splice(at, 0, id);
    values.splice(at, 0, value);
    this.count++;
    if (ids.length <= chunkLengthMax) return;
    const middle = ids.length >> 1;
    this.chunks.splice(index + 1, 0, { ids: ids.splice(middle), values: values.splice(middle) });
  }

  /** True when it was there. */
  delete(id: StreamId): boolean {
    const index = this.chunkOf(id);
    const chunk = this.chunks[index];
    if (chunk === undefined) return false;
    const at = placeOf(chunk.ids, id);
    if (chunk.ids[at] !== id) return false;
    chunk.ids.splice(at, 1);
    chunk.values.splice(at, 1);
    this.count--;
    if (chunk.ids.length === 0) this.chunks.splice(index, 1);
    return true;
  }

  /** In the order of the ids, from `start` on. The map must not change meanwhile. */
  *from(start: StreamId): Generator<readonly [StreamId, V], void, undefined> {
    for (let index = this.chunkOf(start); index < this.chunks.length; index++) {
      const { ids, values } = this.chunks[index] as Chunk<V>;
      for (let at = placeOf(ids, start); at < ids.length; at++) yield [ids[at] as StreamId, values[at] as V];
    }
  }

  [Symbol.iterator](): Generator<readonly [StreamId, V], void, undefined> {
    return this.from(0n);
  }

  private isFull(index: number): boolean {
    return (this.chunks[index] as Chunk<V>).ids.length >= chunkLengthMax;
  }

  /** The chunk that holds the id or would hold it; 0 when there is none. */
  private chunkOf(id: StreamId): number {
    let low = 0;
    let high = this.chunks.length;
    // The first chunk that begins behind the id.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((this.chunks[middle] as Chunk<V>).ids[0] as StreamId) > id) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }
}

/** The index of the first id that is not smaller. */
function placeOf(ids: readonly StreamId[], id: StreamId): number {
  let low = 0;
  let high = ids.length;
  if (high > 0 && (ids[high - 1] as StreamId) < id) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] as StreamId) < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
