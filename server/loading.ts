/**
 * Loading: what is true of every load, of a snapshot or of a log. A load is a generator that pauses often, so that the
 * server answers its clients meanwhile (with LOADING), and a test or DEBUG RELOAD can drive it in one go.
 */
import type { Server } from "./server.ts";

export type Loading<R = void> = Generator<undefined, R, undefined>;

/** What was found on the disk cannot be served. The text is for the operator; nothing was changed. */
export class CannotLoad extends Error {
  override readonly name = "CannotLoad";
}

/** How far a load is, for INFO. */
export class LoadProgress {
  isLoading = false;
  startedS = 0;
  totalBytes = 0;
  loadedBytes = 0;
  /** Of the last snapshot that was loaded. */
  keysLoaded = 0;
  keysExpired = 0;

  begin(totalBytes: number, nowS: number): void {
    this.isLoading = true;
    this.startedS = nowS;
    this.totalBytes = totalBytes;
    this.loadedBytes = 0;
  }

  end(): void {
    this.isLoading = false;
  }
}

/** A pause after every key or command, which tests ask for. */
export function delayKey(server: Server): void {
  const delayUs = server.config.get("key-load-delay");
  if (delayUs > 0) server.world.clock.block(delayUs / 1000);
}
