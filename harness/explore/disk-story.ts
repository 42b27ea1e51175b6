/** What a disk did in a crash state, as evidence of a finding. */

import { confirmedInWords, lawConfirmedOn, modelConfirmedOn } from "../block/calibration/confirmations.ts";
import type { CrashState } from "../disk/crash-states.ts";
import { type DiskModel, type LawId, laws } from "../disk/disk-model.ts";
import { survivorsToText } from "../disk/survivors/survivors.ts";

/**
 * What the disk did, for a reader who doubts that a disk may: the model, its laws, which operations survived, and which
 * real file systems were seen to do such a thing (N6).
 */
export function diskStory({ name, grade, summary, laws: ids }: DiskModel, state: CrashState) {
  const lawTexts = ids.map((id: LawId) => [id, `${laws[id]} (${confirmedInWords(lawConfirmedOn(id))})`]);
  const survivors = survivorsToText(state.survivors);
  return {
    model: name,
    grade,
    summary,
    survivors,
    confirmedOn: modelConfirmedOn(name),
    laws: Object.fromEntries(lawTexts),
  };
}
