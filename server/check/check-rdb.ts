/** Checks an RDB, a file of its own or the beginning of a log, in the words of Redis's own checker. */
import { type ByteSource, BytesIn } from "../codec/bytes-in.ts";
import { DamagedFile } from "../codec/damaged-file.ts";
import { NEVER } from "../keyspace/slot-table.ts";
import { type RdbVisitor, readRdb } from "../rdb/rdb-reader.ts";
import { defaultEncodingLimits } from "../types/encoding-limits.ts";

/** Says what it finds, line by line. Returns where the RDB ends; undefined: something is wrong with it. */
export function checkRdb(
  file: ByteSource,
  name: string,
  nowMs: number,
  say: (line: string) => void,
): number | undefined {
  const input = new BytesIn(file, name);
  const counts = { keys: 0, expires: 0, expired: 0 };
  let lastKey: string | undefined;
  const visitor: RdbVisitor = {
    aux: (field, value) => say(`[offset ${input.offset}] AUX FIELD ${shown(field)} = '${shown(value)}'`),
    database: (index) => say(`[offset ${input.offset}] Selecting DB ID ${index}`),
    key(key, _value, deadlineMs) {
      lastKey = key;
      counts.keys++;
      if (deadlineMs === NEVER) return;
      counts.expires++;
      if (deadlineMs < nowMs) counts.expired++;
    },
  };
  say(`[offset 0] Checking RDB file ${name}`);
  try {
    const reading = readRdb(input, visitor, { limits: defaultEncodingLimits(), checksum: true, pauseBytes: 1e9 });
    let step = reading.next();
    while (step.done !== true) step = reading.next();
    if (step.value.checksum === "right") say(`[offset ${input.offset}] Checksum OK`);
    else if (step.value.version >= 5) {
      say(`[offset ${input.offset}] RDB file was saved with checksum disabled: no check performed.`);
    }
    say(`[offset ${input.offset}] \\o/ RDB looks OK! \\o/`);
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    say("--- RDB ERROR DETECTED ---");
    say(`[offset ${error.offset}] ${error.expected}`);
    if (lastKey !== undefined) say(`[additional info] The last whole key before it: '${shown(lastKey)}'`);
    sayCounts(counts, say);
    return undefined;
  }
  sayCounts(counts, say);
  return input.offset;
}

function sayCounts({ keys, expires, expired }: Record<string, number>, say: (line: string) => void): void {
  say(`[info] ${keys} keys read`);
  say(`[info] ${expires} expires`);
  say(`[info] ${expired} already expired`);
}

/** A terminal is not the place for whatever bytes a file holds. */
function shown(text: string): string {
  return text
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
