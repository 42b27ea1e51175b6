import { createHash } from "node:crypto";
import { expect } from "chai";
import { sha1 } from "./sha1.ts";

describe("SHA-1", () => {
  it("is Node's, for messages of every length around a block", () => {
    for (let length = 0; length < 200; length++) {
      const message = Buffer.alloc(length, length + 1);
      expect(Buffer.from(sha1(message)).toString("hex")).to.equal(createHash("sha1").update(message).digest("hex"));
    }
  });
});
