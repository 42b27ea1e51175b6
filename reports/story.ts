/**
 * What a report draws of a finding's `evidence`: the smallest history around the crash point, the keys that came back
 * wrong, the laws that say why this may not be. All of it is optional; whatever else evidence holds is left to readers
 * of the JSON.
 *
 *     sent ────────── replied
 *      12.1 ms  client 2  INCR c2:k7   →  (integer) 41   kept
 *      12.9 ms  client 2  INCR c2:k7   →  (integer) 42   lost
 *      13.0 ms  ✗ SIGKILL
 */
import { z } from "zod";

const storyCall = z.object({
  id: z.int(),
  client: z.int(),
  request: z.string().describe("as one would type it; unprintable bytes escaped, long values shortened"),
  sentMs: z.number().describe("since the first call of the run, as crashPoint.atMs"),
  repliedMs: z.number().nullable().describe("null when no reply came"),
  reply: z.string().describe("as redis-cli would print it; empty when no reply came"),
  fate: z.enum(["kept", "lost", "wrong", "refused", "indeterminate"]),
});

const storyKey = z.object({
  database: z.int(),
  key: z.string(),
  expected: z.string(),
  recovered: z.string(),
});

const storyDisk = z.object({
  model: z.string(),
  grade: z.string(),
  summary: z.string(),
  confirmedOn: z.array(z.string()).describe("real file systems that were seen to leave such states"),
  laws: z.record(z.string(), z.string()).describe("by number, each with the file systems that were seen to keep it"),
});

export const storySchema = z.object({
  calls: z.array(storyCall).default([]).describe("the calls that matter, in the order in which they were sent"),
  keys: z.array(storyKey).default([]),
  laws: z.array(z.string()).default([]).describe("why a correct store cannot end up here, a sentence each"),
  disk: storyDisk.exactOptional().describe("of a power cut: what the disk did, and whether real ones do"),
  cyclesSeen: z.int().exactOptional().describe("in how many cycles of the run it was found"),
  storeLog: z.array(z.string()).default([]).describe("the last lines that the store wrote"),
});

export type Story = z.output<typeof storySchema>;
export type StoryCall = Story["calls"][number];

/** The story in a finding's evidence; an empty one when its parts do not have the form that can be drawn. */
export function storyOf(evidence: Readonly<Record<string, unknown>>): Story {
  const story = storySchema.safeParse(evidence);
  return story.success ? story.data : { calls: [], keys: [], laws: [], storeLog: [] };
}
