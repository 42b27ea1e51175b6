import { expect } from "chai";
import { MemoryWatch, residentBytes } from "./memory-watch.ts";

describe("the memory of a store", () => {
  it("is what the kernel says of its process", () => {
    const watch = new MemoryWatch(process.pid);
    const seen = watch.stop();
    // More than any Node needs to start, and less than all that this one was ever given.
    expect(seen)
      .to.be.above(10 * 1024 ** 2)
      .and.below(process.resourceUsage().maxRSS * 1_024 * 1.1);
  });

  it("of a process that is gone is not known", () => {
    expect(residentBytes(2 ** 22 + 1)).to.equal(undefined);
  });
});
