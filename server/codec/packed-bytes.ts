/**
 * The bytes of one RDB string that is itself a structure, with the knowledge of where they came from: whoever decodes
 * them says what is wrong with an offset inside them, and the reader of the error gets path and offset of the file.
 */
import { DamagedFile } from "./damaged-file.ts";

export class PackedBytes {
  readonly bytes: Buffer;
  private readonly path: string;
  private readonly offset: number;
  /** The file holds another form of these bytes, so an offset inside them is no offset of the file. */
  private readonly expanded: boolean;

  constructor(bytes: Buffer, path: string, offset: number, expanded: boolean) {
    this.bytes = bytes;
    this.path = path;
    this.offset = offset;
    this.expanded = expanded;
  }

  /** @throws DamagedFile for what stands at `at` of these bytes. */
  fail(at: number, expected: string): never {
    if (this.expanded) throw new DamagedFile(this.path, this.offset, `${expected} (at ${at} of the expanded string)`);
    throw new DamagedFile(this.path, this.offset + at, expected);
  }
}
