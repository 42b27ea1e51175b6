/**
 * What clients may hold in caches of their own, as far as they asked to be told: which of them read which key.
 *
 *     a → clients 3, 8          a is changed: 3 and 8 are told, and a is forgotten until somebody reads it again
 *     b → client 3
 *
 * Keys go by their names alone, whatever their database: who is told too much asks again, who is told too little is wrong.
 */
export class TrackingTable {
  /** In the order in which keys were read first since they changed. */
  private readonly readers = new Map<string, Set<number>>();
  private items = 0;

  get keyCount(): number {
    return this.readers.size;
  }

  /** Keys, each counted once for every client that read it. */
  get itemCount(): number {
    return this.items;
  }

  remember(key: string, clientId: number): void {
    const ids = this.readers.get(key);
    if (ids === undefined) this.readers.set(key, new Set([clientId]));
    else if (ids.has(clientId)) return;
    else ids.add(clientId);
    this.items++;
  }

  /** Who read the key: they are told now, and the key is forgotten. */
  take(key: string): Iterable<number> {
    const ids = this.readers.get(key);
    if (ids === undefined) return [];
    this.readers.delete(key);
    this.items -= ids.size;
    return ids;
  }

  /** The key that was not read anew for longest. */
  oldest(): string | undefined {
    return this.readers.keys().next().value;
  }

  clear(): void {
    this.readers.clear();
    this.items = 0;
  }
}
