/**
 * The picture of an RDB file.
 *
 *     REDIS 0010                                      magic and version
 *     250 redis-ver 7.0.15   250 ctime 1700000000 …   aux fields: name, value
 *     245 #!lua name=…                                a library of functions, as it was sent
 *     254 0   251 1000 20                             database 0: its number of keys, of those with a deadline
 *       0 key value                                   type, key, value
 *       252 ms,8  4 key value                         a key with a deadline
 *     254 1   251 …                                   the next database that is not empty
 *     255 crc64,8                                     the end; the checksum of all before it, or eight zeros
 *
 * Lengths (of strings, of collections, database numbers) by their first byte, and strings after them:
 *
 *     00xxxxxx                    6 bits              11000000 b              integer of 8 bits
 *     01xxxxxx b                  14 bits, BE         11000001 b b            16 bits, LE
 *     10000000 b b b b            32 bits, BE         11000010 b b b b        32 bits, LE
 *     10000001 b b b b b b b b    64 bits, BE         11000011 length length  LZF: compressed, plain length, data
 *
 * What a type byte means stands with its type: types/*-type.ts.
 */

export const magic = "REDIS";
/** Valkey from 9 on writes a format of its own, with opcodes that mean something else. */
export const valkeyMagic = "VALKEY";

/** What Redis 7.0 writes, so that everything in use can read it. */
export const writtenVersion = 10;
/** What is written instead while fields of a hash expire, which older ones cannot say: Redis 7.4 and later read it. */
export const writtenVersionWithFieldDeadlines = 12;
export const newestReadVersion = 12;
/** Files before this version have no checksum. */
export const firstVersionWithChecksum = 5;

export const opcode = {
  slotInfo: 244,
  function: 245,
  functionBeforeRelease: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  resizeDb: 251,
  expireMs: 252,
  expireS: 253,
  selectDb: 254,
  end: 255,
} as const;

/** What logs call the compact forms; whoever looks for damage looks for these words. */
export const compactForms: Readonly<Record<number, string>> = {
  9: "Zipmap",
  10: "List ziplist",
  11: "Intset",
  12: "Zset ziplist",
  13: "Hash ziplist",
  14: "Quicklist ziplist",
  15: "Stream listpack",
  16: "Hash listpack",
  17: "Zset listpack",
  18: "Quicklist listpack",
  19: "Stream listpack",
  20: "Set listpack",
  21: "Stream listpack",
  23: "Hash listpack",
  25: "Hash listpack",
};

/** Type bytes that are known and not supported, and what they stand for. */
export const refusedTypes: Readonly<Record<number, string>> = {
  6: "a value of a module, in a format from before its release",
  7: "a value of a module",
};
