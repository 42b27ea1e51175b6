/**
 * The contract of whoever starts a store on a crash state and says what came back: a real process on a folder, or the
 * bundled store in a simulated world.
 */
import type { Image } from "../disk/image.ts";
import type { RecoveryFacts } from "../oracle/evidence.ts";

export interface Recoverer {
  /**
   * Starts the store on these files, reads it back, stops it in an orderly way, and starts it once more. What the store
   * does wrong is a fact, never an exception.
   */
  recover(image: Image): Promise<RecoveryFacts>;
  close(): Promise<void>;
}
