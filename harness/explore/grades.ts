/** Opinions of a disk, by how much excuse they leave a store: the mildest counts most. */
import { grades } from "../../scenarios/power-cut.ts";
import type { DiskModel, Grade } from "../disk/disk-model.ts";

/** 0 for what every store must survive. */
export function rankOf(grade: Grade): number {
  return grades.indexOf(grade);
}

/** The mildest opinion of the disk under which a state may occur: what a store has least excuse for. */
export function mildestOf(models: readonly DiskModel[]): DiskModel {
  return models.reduce((mildest, model) => (rankOf(model.grade) < rankOf(mildest.grade) ? model : mildest));
}
