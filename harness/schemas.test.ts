import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { packageFolder } from "./package.ts";
import { jsonSchemas } from "./schemas.ts";

describe("a target file", () => {
  it("has a JSON schema that is made from the code as it is", () => {
    for (const [file, text] of jsonSchemas()) {
      const published = readFileSync(path.join(packageFolder(), "harness", file), "utf8");
      expect(published, `${file}: run npm run schemas`).to.equal(text);
    }
  });
});
