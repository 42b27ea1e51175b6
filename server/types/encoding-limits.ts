/**
 * Up to which size a collection is kept, and written into an RDB, in its compact encoding. Values hold the object that
 * the configuration changes at run time, so a new limit applies from the next change of a value on. No value ever goes
 * back to a compact encoding by growing smaller.
 */
export interface EncodingLimits {
  hashMaxListpackEntries: number;
  hashMaxListpackValueBytes: number;
  zsetMaxListpackEntries: number;
  zsetMaxListpackValueBytes: number;
  setMaxIntsetEntries: number;
  /** Positive: elements a node; −1 … −5: a node takes 4, 8, 16, 32, 64 KiB. */
  listMaxListpackSize: number;
  /** 0: as many as a listpack can hold. */
  streamNodeMaxBytes: number;
  /** 0: as many as the bytes allow. */
  streamNodeMaxEntries: number;
  /** An element of so many bytes gets a node of its own. */
  listPlainNodeBytes: number;
}

export const defaultListPlainNodeBytes = 2 ** 30;

export function defaultEncodingLimits(): EncodingLimits {
  return {
    hashMaxListpackEntries: 512,
    hashMaxListpackValueBytes: 64,
    zsetMaxListpackEntries: 128,
    zsetMaxListpackValueBytes: 64,
    setMaxIntsetEntries: 512,
    listMaxListpackSize: -2,
    streamNodeMaxBytes: 4096,
    streamNodeMaxEntries: 100,
    listPlainNodeBytes: defaultListPlainNodeBytes,
  };
}
