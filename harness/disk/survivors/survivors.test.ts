import { expect } from "chai";
import { type Survivors, survivorsFromText, survivorsToText } from "./survivors.ts";

describe("survivors as text", () => {
  const samples: readonly [string, Survivors][] = [
    ["new m12 w10", { commits: "any-sync", reading: "new", metadataTo: 12, writesTo: 10 }],
    ["old m9 w9 +4096", { commits: "any-sync", reading: "old", metadataTo: 9, writesTo: 9, tornTo: 4096 }],
    [
      "new m12 w12 f3=7,4=9",
      {
        commits: "any-sync",
        reading: "new",
        metadataTo: 12,
        writesTo: 12,
        files: new Map([
          [3, 7],
          [4, 9],
        ]),
      },
    ],
    ["new m12 w3 z", { commits: "any-sync", reading: "new", metadataTo: 12, writesTo: 3, sizes: true }],
    [
      "new m12 w12 p3.0=5,3.1=0",
      {
        commits: "any-sync",
        reading: "new",
        metadataTo: 12,
        writesTo: 12,
        olderPages: [
          { inode: 3, page: 0, to: 5 },
          { inode: 3, page: 1, to: 0 },
        ],
      },
    ],
    ["new n", { commits: "own-sync", reading: "new", names: [], data: false }],
    ["old n4,7 d", { commits: "own-sync", reading: "old", names: [4, 7], data: true }],
  ];

  for (const [text, survivors] of samples) {
    it(`"${text}" comes back as it went`, () => {
      expect(survivorsToText(survivors)).to.equal(text);
      expect(survivorsFromText(text)).to.deep.equal(survivors);
    });
  }

  for (const text of [
    "",
    "new",
    "new m1",
    "m1 w1",
    "new m-1 w1",
    "new mx w1",
    "new m1 w1 f3",
    "new n1,x",
    "new m1 w1 p3=4",
  ]) {
    it(`"${text}" is refused`, () => {
      expect(() => survivorsFromText(text)).to.throw(RangeError, "does not say what survived");
    });
  }
});
