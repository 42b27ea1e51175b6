import { expect } from "chai";
import { announcedSeed } from "../property.ts";
import { fuzz, loaders } from "./loader-fuzz.ts";

const inputs = 800;

describe("damaged input", function () {
  this.timeout(60_000);

  for (const kind of Object.keys(loaders)) {
    it(`of the kind ${kind} is accepted and round-trips, or is rejected where it is wrong`, () => {
      const { accepted, rejected } = fuzz(kind, String(announcedSeed()), inputs, () => performance.now());
      expect(accepted + rejected).to.equal(inputs);
      // Neither is the damage too little to be seen, nor does it all fail at the first byte.
      expect(accepted, "accepted").to.be.above(0);
      expect(rejected, "rejected").to.be.above(0);
    });
  }
});
