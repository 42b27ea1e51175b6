/**
 * How much memory the keys of one table take, by slot, and together. Kept up to date with every change while there is a
 * limit, and empty otherwise.
 */
export class Weights {
  /** All of them together. */
  sumBytes = 0;
  private readonly bytes: number[] = [];

  set(slot: number, bytes: number): void {
    this.sumBytes += bytes - (this.bytes[slot] ?? 0);
    this.bytes[slot] = bytes;
  }

  /** The key in a slot is no more. */
  forget(slot: number): void {
    if (this.bytes.length > 0) this.set(slot, 0);
  }

  clear(): void {
    this.sumBytes = 0;
    this.bytes.length = 0;
  }
}
