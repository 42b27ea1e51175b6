import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { lossboundVersion } from "./version.ts";

describe("the version", () => {
  it("is the package's", () => {
    const file = path.resolve(import.meta.dirname, "../../package.json");
    expect(lossboundVersion).to.equal((JSON.parse(readFileSync(file, "utf8")) as { version: string }).version);
  });
});
