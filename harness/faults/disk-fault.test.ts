import { expect } from "chai";
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Image } from "../disk/image.ts";
import type { LinkPlan } from "../plan.ts";
import type { Target } from "../targets/target.ts";
import { rot } from "./disk-fault.ts";
import { faultOf } from "./faults.ts";

const flip = (path?: string): DiskFault => {
  return { kind: "flip", name: "flip 1", when: { on: ["read"], ...(path !== undefined && { path }) } };
};
const image: Image = new Map([
  ["d", { kind: "directory" }],
  ["d/log.aof", { kind: "file", bytes: new Uint8Array(1_000) }],
  ["empty.aof", { kind: "file", bytes: new Uint8Array() }],
  ["store.rdb", { kind: "file", bytes: new Uint8Array(50) }],
]);
const bytesOf = (of: Image, path: string) => {
  const node = of.get(path);
  return node?.kind === "file" ? node.bytes : new Uint8Array();
};

describe("a bit that reads wrong", () => {
  it("is one bit of one file that matches, and the damage says which", () => {
    const { image: rotten, damage } = rot(image, [flip("*.aof")], "seed");
    const bits = [...bytesOf(rotten, "d/log.aof")].flatMap((byte, offset) => (byte === 0 ? [] : [{ byte, offset }]));
    expect(bits).to.have.length(1);
    expect(damage?.path).to.equal("d/log.aof");
    expect(damage?.what).to.equal(
      `bit ${Math.log2(bits[0]?.byte ?? 0)} of byte ${bits[0]?.offset} of d/log.aof reads wrong`,
    );
    expect(bytesOf(rotten, "store.rdb")).to.deep.equal(new Uint8Array(50));
    expect(bytesOf(image, "d/log.aof")).to.deep.equal(new Uint8Array(1_000));
  });

  it("is the same one for the same seed, and another one for others", () => {
    const damage = (seed: string) => rot(image, [flip()], seed).damage?.what;
    expect(damage("a")).to.equal(damage("a"));
    expect(new Set(["a", "b", "c", "d"].map(damage)).size).to.be.greaterThan(1);
  });

  it("is none where no file matches that holds anything, and then nothing claims to be damaged", () => {
    for (const path of ["empty.aof", "*.manifest"]) {
      const rotten = rot(image, [flip(path)], "seed");
      expect(rotten.image).to.equal(image);
      expect(rotten.damage).to.equal(undefined);
    }
  });
});

describe("a target that cannot live on a recorded volume", () => {
  const onDisk = (...volumes: ("directory" | "recorded")[]) =>
    ({
      name: "docker:store",
      kind: "container",
      volumes: new Set(volumes),
      diesAtDiskOperation: false,
    }) as unknown as Target;
  const link = (fault: object) => ({ clients: [], savesAtAcks: [], fault }) as unknown as LinkPlan;
  const exact = { kind: "at-disk-operation", side: "before", operation: "sync", path: "*", nth: 1, afterWrites: 0 };

  for (const [what, fault] of [
    ["is not asked what it does on a bad disk", { kind: "disk-fault" }],
    ["is not struck at an exact operation", { kind: "kill", scope: "tree", trigger: exact }],
    ["is not killed on a slow disk", { kind: "kill", scope: "tree", trigger: { kind: "on-sigterm" }, syncs: {} }],
  ] as const) {
    it(what, () => {
      const planned = link(fault);
      expect(faultOf(planned).refuses(planned, onDisk("directory"))).to.match(
        /^docker:store cannot live on a recorded volume/,
      );
      expect(faultOf(planned).refuses(planned, onDisk("directory", "recorded"))).to.equal(undefined);
      expect(faultOf(planned).volume(planned, onDisk("directory", "recorded"))).to.equal("recorded");
    });
  }

  it("is killed on a plain folder as ever", () => {
    const planned = link({ kind: "kill", scope: "tree", trigger: { kind: "after-acks" } });
    expect(faultOf(planned).refuses(planned, onDisk("directory"))).to.equal(undefined);
    expect(faultOf(planned).volume(planned, onDisk("directory"))).to.equal("directory");
  });
});
