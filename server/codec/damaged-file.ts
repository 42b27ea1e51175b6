/** Distrusted bytes that turned out wrong: which file, where in it, and what was expected there. */
export class DamagedFile extends Error {
  override readonly name = "DamagedFile";
  readonly path: string;
  readonly offset: number;

  constructor(path: string, offset: number, expected: string) {
    super(`${path}: damaged at offset ${offset}: ${expected}`);
    this.path = path;
    this.offset = offset;
  }
}
