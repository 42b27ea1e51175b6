import { createHash } from "node:crypto";
import { expect } from "chai";
import { sha256 } from "./sha256.ts";

describe("SHA-256", () => {
  it("is what others compute, of messages of every length about a block", () => {
    for (let length = 0; length < 200; length++) {
      const message = Array.from({ length }, (_, index) => String.fromCharCode((index * 7 + length) % 256)).join("");
      expect(sha256(message), `of ${length} bytes`).to.equal(
        createHash("sha256").update(Buffer.from(message, "latin1")).digest("hex"),
      );
    }
  });
});
