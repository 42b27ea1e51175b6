import { expect } from "chai";
import fc from "fast-check";
import { holds } from "../../tests/property.ts";
import { firstHashSeed, hashOf, KeyIndex } from "./key-index.ts";

/** Keys in slots as a slot table keeps them: a removed key leaves a free slot, the last one freed is taken first. */
class Owner {
  readonly keys: (string | undefined)[] = [];
  readonly index = new KeyIndex(this.keys);
  private readonly free: number[] = [];

  add(key: string): void {
    const slot = this.free.pop() ?? this.keys.length;
    this.index.add(key, slot);
    this.keys[slot] = key;
  }

  remove(key: string): void {
    const slot = this.index.get(key) as number;
    this.index.delete(key);
    this.keys[slot] = undefined;
    this.free.push(slot);
  }
}

describe("an index of keys", () => {
  it("finds the empty key, also when it is the one for which the table is made", () => {
    const owner = new Owner();
    for (let n = 0; n < 8; n++) owner.add(`key:${n}`);
    owner.add("");
    expect(owner.index.get("")).to.equal(8);
    owner.remove("");
    expect(owner.index.get("")).to.equal(undefined);
  });

  it("finds what a Map would find, whatever is added and removed", () => {
    const key = fc.nat(60).map((n) => `key:${n}`);
    holds(
      fc.property(fc.array(key, { maxLength: 300 }), fc.nat(100), (keys, reserved) => {
        const owner = new Owner();
        const model = new Set<string>();
        owner.index.reserve(reserved);
        for (const [at, next] of keys.entries()) {
          // Looked for before, or not: one that is not there is remembered with its place.
          if (at % 3 > 0) expect(owner.index.has(next)).to.equal(model.has(next));
          if (at % 3 > 1) expect(owner.index.has(next)).to.equal(model.has(next));
          if (model.delete(next)) {
            owner.remove(next);
          } else {
            owner.add(next);
            model.add(next);
          }
          expect(owner.index.size).to.equal(model.size);
        }
        for (let n = 0; n <= 60; n++) {
          const slot = owner.index.get(`key:${n}`);
          expect(slot !== undefined).to.equal(model.has(`key:${n}`));
          if (slot !== undefined) expect(owner.keys[slot]).to.equal(`key:${n}`);
        }
        // Asked for by their bytes: the same keys, and the look-up that follows finds what it found without.
        for (let n = 0; n <= 60; n++) {
          const key = owner.index.word(Buffer.from(`<key:${n}>`), 1, 5 + String(n).length);
          expect(key).to.equal(`key:${n}`);
          const slot = owner.index.get(key);
          expect(slot !== undefined).to.equal(model.has(key));
          if (slot !== undefined) expect(owner.keys[slot]).to.equal(key);
        }
        expect([...owner.index.keys()].sort()).to.deep.equal([...model].sort());
      }),
    );
  });

  it("finds the empty key, also when that is the one for which the table is made", () => {
    const owner = new Owner();
    for (let n = 0; n < 8; n++) owner.add(`key:${n}`);
    owner.add("");
    expect(owner.index.get("")).to.equal(8);
    owner.remove("");
    expect(owner.index.get("")).to.equal(undefined);
  });

  it("follows keys that are given other slots", () => {
    const keys: string[] = [];
    const index = new KeyIndex(keys);
    for (let n = 0; n < 100; n++) {
      index.add(`k${n}`, n);
      keys.push(`k${n}`);
    }
    index.delete("k3");
    keys[3] = keys.pop() as string;
    index.move("k99", 99, 3);
    expect(index.get("k99")).to.equal(3);
    expect(index.get("k3")).to.equal(undefined);
  });

  it("says whether a key was new", () => {
    const keys: string[] = [];
    const index = new KeyIndex(keys);
    expect(index.addNew("a", 0)).to.equal(true);
    keys.push("a");
    expect(index.addNew("a", 1)).to.equal(false);
    expect(index.size).to.equal(1);
  });

  it("is not slowed down for good by keys that were chosen to have one home", () => {
    const chosen: string[] = [];
    // As somebody with bad intent would: by trying.
    for (let n = 0; chosen.length < 600; n++) {
      if ((hashOf(`k${n}`, firstHashSeed) & 0x7ff) === 0) chosen.push(`k${n}`);
    }
    const keys: string[] = [];
    const index = new KeyIndex(keys);
    for (const key of chosen) {
      index.add(key, keys.length);
      keys.push(key);
    }
    expect(index.hashChanges).to.equal(1);
    for (const [slot, key] of keys.entries()) expect(index.get(key)).to.equal(slot);
  });

  it("keeps its hash when keys are many, but nobody's choice", () => {
    const keys: string[] = [];
    const index = new KeyIndex(keys);
    for (let n = 0; n < 200_000; n++) {
      index.add(`user:${n}:name`, n);
      keys.push(`user:${n}:name`);
    }
    expect(index.hashChanges).to.equal(0);
  });
});
