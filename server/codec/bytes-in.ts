/**
 * A cursor over distrusted bytes: every read is checked, and what is wrong is said with path and offset.
 */
import { DamagedFile } from "./damaged-file.ts";

export class BytesIn {
  readonly path: string;
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer, path: string) {
    this.bytes = bytes;
    this.path = path;
  }

  get offset(): number {
    return this.at;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    this.need(1, "one byte");
    return this.bytes[this.at++] as number;
  }

  /** `length` bytes as latin1. */
  text(length: number): string {
    this.need(length, `${length} bytes`);
    this.at += length;
    return this.bytes.toString("latin1", this.at - length, this.at);
  }

  fail(expected: string): never {
    throw new DamagedFile(this.path, this.at, expected);
  }

  private need(length: number, what: string): void {
    if (length > this.remaining) this.fail(`${what} expected, ${this.remaining} left`);
  }
}
