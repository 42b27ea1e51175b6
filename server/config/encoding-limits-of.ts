/** The encoding limits as the configuration has them, now and after every CONFIG SET. */
import { defaultEncodingLimits, type EncodingLimits } from "../types/encoding-limits.ts";
import type { Config, DirectiveName, ValueOf } from "./config.ts";

type NumberName = { [N in DirectiveName]: ValueOf<N> extends number ? N : never }[DirectiveName];

const sources: readonly (readonly [keyof EncodingLimits, NumberName])[] = [
  ["hashMaxListpackEntries", "hash-max-listpack-entries"],
  ["hashMaxListpackValueBytes", "hash-max-listpack-value"],
  ["zsetMaxListpackEntries", "zset-max-listpack-entries"],
  ["zsetMaxListpackValueBytes", "zset-max-listpack-value"],
  ["setMaxIntsetEntries", "set-max-intset-entries"],
  ["listMaxListpackSize", "list-max-listpack-size"],
  ["streamNodeMaxBytes", "stream-node-max-bytes"],
  ["streamNodeMaxEntries", "stream-node-max-entries"],
];

/** One object for the life of the server, changed in place: values keep a reference to it. */
export function encodingLimitsOf(config: Config): EncodingLimits {
  const limits = defaultEncodingLimits();
  for (const [limit, directive] of sources) {
    limits[limit] = config.get(directive);
    config.whenSet(directive, (value) => {
      limits[limit] = value;
    });
  }
  return limits;
}
