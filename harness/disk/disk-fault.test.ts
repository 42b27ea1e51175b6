import { expect } from "chai";
import type { DiskOperation } from "../recording/journal.ts";
import { ArmedFaults, type DiskFault, globMatcher } from "./disk-fault.ts";

describe("disk faults", () => {
  const eio: DiskFault = { kind: "error", name: "eio", when: { on: ["write"] }, code: "EIO" };

  function armed(...faults: readonly DiskFault[]): ArmedFaults {
    const all = new ArmedFaults();
    for (const fault of faults) all.arm(fault, "seed", 1_000);
    return all;
  }

  const consider = (faults: ArmedFaults, operation: DiskOperation, path = "dir/a.aof", nowMs = 1_000) =>
    faults.consider(operation, () => [path], nowMs);

  it("strike the operations that they name, and no others", () => {
    const faults = armed(eio);
    expect(consider(faults, "write")?.error).to.equal("EIO");
    expect(consider(faults, "read")).to.equal(undefined);
  });

  it("strike the n-th to the m-th of what matches, counted from one", () => {
    const faults = armed({ ...eio, when: { on: ["write"], path: "*.aof", nth: { first: 2, last: 3 } } });
    const struck = ["b.aof", "b.rdb", "b.aof", "b.aof", "b.aof"].map((path) => consider(faults, "write", path));
    expect(struck.map((hit) => hit?.error)).to.deep.equal([undefined, undefined, "EIO", "EIO", undefined]);
  });

  it("strike only once the store has written so often, to whatever file", () => {
    const faults = armed({ ...eio, when: { on: ["fsync"], path: "*.aof", afterWrites: 2 } });
    const seen = (["fsync", "write", "fsync", "write", "fsync"] as const).map((operation) =>
      consider(faults, operation, operation === "write" ? "other" : "log.aof"),
    );
    expect(seen.map((hit) => hit?.error)).to.deep.equal([undefined, undefined, undefined, undefined, "EIO"]);
  });

  it("strike within their window only, counted from when they were armed", () => {
    const faults = armed({ ...eio, when: { on: ["write"], window: { fromMs: 100, toMs: 200 } } });
    const at = (nowMs: number) => consider(faults, "write", "a", nowMs)?.error;
    expect([at(1_099), at(1_100), at(1_199), at(1_200)]).to.deep.equal([undefined, "EIO", "EIO", undefined]);
  });

  it("strike a rename by its old name and by its new one", () => {
    const faults = armed({ ...eio, when: { on: ["rename"], path: "*.manifest" } });
    const rename = (...paths: readonly string[]) => faults.consider("rename", () => paths, 1_000)?.error;
    expect(rename("d/temp", "d/a.manifest")).to.equal("EIO");
    expect(rename("d/a.manifest", "d/temp")).to.equal("EIO");
    expect(rename("d/b", "d/c")).to.equal(undefined);
  });

  it("add up: delays are added, every stall holds, the first error counts, the shortest write", () => {
    const when = { on: ["write" as const] };
    const hit = consider(
      armed(
        { kind: "delay", name: "d1", when, delays: { kind: "fixed", ms: 3 } },
        { kind: "delay", name: "d2", when, delays: { kind: "fixed", ms: 4 } },
        { kind: "stall", name: "s1", when },
        { kind: "stall", name: "s2", when },
        { kind: "error", name: "e1", when, code: "EROFS" },
        eio,
        { kind: "short", name: "w1", when, bytes: 10 },
        { kind: "short", name: "w2", when, bytes: 7 },
        { kind: "kill", name: "k", when, side: "after", scope: "tree" },
      ),
      "write",
    );
    expect(hit?.delayMs).to.equal(7);
    expect(hit?.stalledBy).to.deep.equal(["s1", "s2"]);
    expect(hit?.error).to.equal("EROFS");
    expect(hit?.bytesMax).to.equal(7);
    expect(hit?.killAfter).to.equal("tree");
    expect(hit?.killBefore).to.equal(undefined);
    expect(hit?.faults.map(({ name }) => name)).to.deep.equal(["d1", "d2", "s1", "s2", "e1", "eio", "w1", "w2", "k"]);
  });

  it("draw from a stream of their own: another fault changes nothing in them", () => {
    const delay: DiskFault = {
      kind: "delay",
      name: "slow",
      when: { on: ["fsync"] },
      delays: { kind: "uniform", fromMs: 0, toMs: 1_000 },
    };
    const delays = (faults: ArmedFaults) => Array.from({ length: 5 }, () => consider(faults, "fsync")?.delayMs);
    const other: DiskFault = { ...delay, name: "other", when: { on: ["read"] } };
    const alone = delays(armed(delay));
    const both = armed(other, delay);
    consider(both, "read");
    expect(delays(both)).to.deep.equal(alone);
    expect(new Set(alone).size).to.equal(5);
  });

  it("flip the same bit of a file each time it is read, another one in another file", () => {
    const faults = armed({ kind: "flip", name: "rot", when: { on: ["read"] } });
    const bit = (inode: number, size: number) => consider(faults, "read")?.flip?.(inode, size);
    const first = bit(7, 1_000_000);
    expect(first?.offset).to.be.within(0, 999_999);
    expect(bit(7, 2_000_000)).to.deep.equal(first);
    expect(bit(8, 1_000_000)).to.not.deep.equal(first);
  });

  it("of a full disk leave the least room that any of them leaves, until their window is over", () => {
    const faults = armed(
      { kind: "full", name: "roomy", freeBytes: 500 },
      { kind: "full", name: "tight", freeBytes: 100, window: { fromMs: 50, toMs: 150 } },
    );
    const room = (nowMs: number) => faults.fullDisk(nowMs)?.freeBytes;
    expect([room(1_000), room(1_050), room(1_149), room(1_150)]).to.deep.equal([500, 100, 100, 500]);
    expect(consider(faults, "write")).to.equal(undefined);
  });

  it("have names of their own, and are gone once disarmed", () => {
    const faults = armed(eio);
    expect(() => faults.arm(eio, "seed", 0)).to.throw("a fault named eio is armed already");
    expect(faults.disarm("eio")).to.equal(true);
    expect(faults.disarm("eio")).to.equal(false);
    expect(consider(faults, "write")).to.equal(undefined);
    expect(faults.none).to.equal(true);
  });

  it("name files by a pattern: of the name alone, or with a slash of the whole path", () => {
    const cases: readonly (readonly [pattern: string, path: string, boolean])[] = [
      ["*.incr.aof", "appendonlydir/appendonly.aof.1.incr.aof", true],
      ["*.incr.aof", "appendonlydir/appendonly.aof.1.incrXaof", false],
      ["temp-?.rdb", "temp-1.rdb", true],
      ["temp-?.rdb", "temp-12.rdb", false],
      ["appendonlydir/*", "appendonlydir/a", true],
      ["appendonlydir/*", "appendonlydir/deep/a", false],
      ["appendonlydir/*", "a", false],
      ["*", "", true],
      ["a+(b)[c]", "a+(b)[c]", true],
    ];
    for (const [pattern, path, matches] of cases)
      expect(globMatcher(pattern)(path), `${pattern} ${path}`).to.equal(matches);
  });
});
