import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { SyncProbe } from "./sync-probe.ts";

describe("the sync probe", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "probe-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("measures the disk while nobody looks, and knows the longest sync of a stretch of time", async () => {
    const probe = new SyncProbe(folder, 1);
    const fromNs = process.hrtime.bigint();
    let longestMs = 0;
    while (longestMs === 0) {
      await sleep(5);
      longestMs = probe.longestMs(fromNs, process.hrtime.bigint());
    }
    expect(longestMs).to.be.greaterThan(0);
    const before = fromNs - 1_000_000_000n;
    expect(probe.longestMs(before, before + 1n)).to.equal(0);
    await probe.close();
  });

  it("says so when it cannot do its work, instead of a time that nobody measured", async () => {
    const probe = new SyncProbe(path.join(folder, "missing"), 1);
    const ask = () => probe.longestMs(0n, process.hrtime.bigint());
    let trouble: unknown;
    while (trouble === undefined) {
      await sleep(5);
      try {
        ask();
      } catch (error) {
        trouble = error;
      }
    }
    expect((trouble as Error).message).to.match(/^the sync probe failed: ENOENT/);
    await probe.close();
  });
});
