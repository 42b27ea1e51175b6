/** What a disk did in a crash state, as evidence of a finding. */
import type { CrashState } from "../disk/crash-states.ts";
import { type DiskModel, type LawId, laws } from "../disk/disk-model.ts";
import { survivorsToText } from "../disk/survivors/survivors.ts";

/** What the disk did, for a reader who doubts that a disk may: the model, its laws, and which operations survived. */
export function diskStory({ name, grade, summary, laws: ids }: DiskModel, state: CrashState) {
  const lawTexts = Object.fromEntries(ids.map((id: LawId) => [id, laws[id]]));
  return { model: name, grade, summary, survivors: survivorsToText(state.survivors), laws: lawTexts };
}
