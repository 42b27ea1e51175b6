/** Distrusted bytes that turned out wrong: which file, where in it, and what was expected there. */
export class DamagedFile extends Error {
  override readonly name: string = "DamagedFile";
  readonly path: string;
  readonly offset: number;
  readonly expected: string;

  constructor(path: string, offset: number, expected: string, verdict = "damaged") {
    super(`${path}: ${verdict} at offset ${offset}: ${expected}`);
    this.path = path;
    this.offset = offset;
    this.expected = expected;
  }
}

/** Nothing may be wrong with these bytes, but they are not for this store. Refused in the same way. */
export class UnsupportedFile extends DamagedFile {
  override readonly name = "UnsupportedFile";

  constructor(path: string, offset: number, what: string) {
    super(path, offset, what, "not supported");
  }
}
