/**
 * Names for files of batches that no other file has had: 16 hexadecimal digits. The time is in them, because a world that
 * is drawn from a seed may draw the same for a server and for its successor.
 */
import { crc64 } from "../codec/crc64.ts";
import type { Random } from "../world/world.ts";

export class FileIds {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random.fork("files of the log");
  }

  draw(nowMs: number): string {
    const drawn = `${nowMs} ${this.random.below(2 ** 32)} ${this.random.below(2 ** 32)}`;
    return crc64(Buffer.from(drawn, "latin1")).toString(16).padStart(16, "0");
  }
}
