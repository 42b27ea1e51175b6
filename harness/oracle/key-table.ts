/**
 * Keys as small numbers, given out as they turn up: what is known of a key then fits into plain arrays.
 */
import type { Bytes } from "../recording/history.ts";

export interface KeyName {
  readonly database: number;
  readonly key: Bytes;
}

export class KeyTable {
  private ids: Map<Bytes, number>[] = [];
  private names: KeyName[] = [];

  get size(): number {
    return this.names.length;
  }

  copy(): KeyTable {
    const twin = new KeyTable();
    twin.ids = this.ids.map((keys) => new Map(keys));
    twin.names = [...this.names];
    return twin;
  }

  idOf(database: number, key: Bytes): number {
    const known = this.find(database, key);
    if (known !== undefined) return known;
    while (this.ids.length <= database) this.ids.push(new Map());
    this.ids[database]?.set(key, this.names.length);
    return this.names.push({ database, key }) - 1;
  }

  find(database: number, key: Bytes): number | undefined {
    return this.ids[database]?.get(key);
  }

  nameOf(id: number): KeyName {
    return this.names[id] as KeyName;
  }
}
