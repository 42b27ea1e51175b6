import { expect } from "chai";
import type { Image, ImageNode } from "../disk/image.ts";
import { windowsIn } from "./windows.ts";

function image(files: Readonly<Record<string, string>>): Image {
  const nodes = Object.entries(files).map(([path, text]): [string, ImageNode] => [
    path,
    { kind: "file", bytes: Buffer.from(text) },
  ]);
  return new Map(nodes);
}

const manifest = "appendonlydir/appendonly.aof.manifest";
const base = "file appendonly.aof.1.base.rdb seq 1 type b\n";
const incr = (seq: number) => `file appendonly.aof.${seq}.incr.aof seq ${seq} type i\n`;

describe("the stretch that a crash fell into", () => {
  for (const [what, files, windows] of [
    ["a store at rest", { [manifest]: base + incr(1), "dump.rdb": "" }, []],
    ["a child that writes a new base", { "temp-rewriteaof-17.aof": "" }, ["rewrite:child-writes"]],
    ["a base that is not yet in force", { "temp-rewriteaof-bg-17.aof": "" }, ["rewrite:base-written"]],
    ["a rotated log", { [manifest]: base + incr(1) + incr(2) }, ["rewrite:two-logs"]],
    [
      "a manifest that is being exchanged",
      { [manifest]: base + incr(1), "appendonlydir/temp-appendonly.aof.manifest": base },
      ["rewrite:manifest-switch"],
    ],
    [
      "old files still to be removed",
      { [manifest]: `${base}file appendonly.aof.1.incr.aof seq 1 type h\n${incr(2)}` },
      ["rewrite:history-left"],
    ],
    [
      "a file for records that no manifest names yet",
      { [manifest]: base + incr(1), "appendonlydir/appendonly.aof.2.incr.aof": "" },
      ["rewrite:rotation"],
    ],
    ["a log that was just switched on", { "appendonlydir/temp-appendonly.aof.incr": "" }, ["switch-on"]],
    ["a snapshot being written", { "temp-17.rdb": "" }, ["bgsave:child-writes"]],
    ["a file of the user that only looks alike", { "temp-report.rdb": "", "my-temp-17.rdb": "" }, []],
  ] as const) {
    it(`is read from the files: ${what}`, () => {
      expect(windowsIn(image(files))).to.deep.equal(windows);
    });
  }
});
