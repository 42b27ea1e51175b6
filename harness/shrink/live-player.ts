/** Plays plans whose fault befalls a living process. No two plays are alike: a plan that fails once may not the next time. */
import { playCycle, type Room } from "../cycle.ts";
import { VolumeUnavailable } from "../disk/volume.ts";
import type { Plan } from "../plan.ts";
import { TargetUnavailable } from "../targets/target.ts";
import type { Failure, Player } from "./player.ts";
import { findingOf, type Trouble } from "./trouble.ts";

export class LivePlayer implements Player {
  readonly isExact = false;
  private readonly room: Room;
  private readonly trouble: Trouble;

  constructor(room: Room, trouble: Trouble) {
    this.room = room;
    this.trouble = trouble;
  }

  async play(plan: Plan): Promise<Failure | undefined> {
    try {
      for (const result of await playCycle(plan, this.room)) {
        const finding = findingOf(result.judgement, this.trouble);
        if (finding !== undefined) return { plan, finding, result, release: async () => undefined };
      }
      return undefined;
    } catch (error) {
      if (error instanceof VolumeUnavailable || error instanceof TargetUnavailable) throw error;
      // The load was over before the moment came at which it was to be struck: no smaller plan.
      if (error instanceof Error) return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.room.probe.close();
  }
}
