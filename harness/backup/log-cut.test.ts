import { expect } from "chai";
import { unitsOf } from "../recover/parse.ts";
import { LogCut } from "./log-cut.ts";

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;

const log = Buffer.from(
  [
    command("SELECT", "0"),
    command("SET", "a", "*3\r\n$4\r\nEXEC\r\n"),
    "#TS:1700000000\r\n",
    command("MULTI"),
    command("SET", "b", "MULTI"),
    command("EXEC"),
    command("RPUSH", "l", "x".repeat(300), ""),
    command("multi"),
    command("DEL", "a"),
    command("exec"),
  ].join(""),
);

const endOf = (bytes: Uint8Array, pieceBytes: number): number => {
  const cut = new LogCut();
  for (let at = 0; at < bytes.length; at += pieceBytes) cut.see(bytes.subarray(at, at + pieceBytes));
  expect(cut.seenBytes).to.equal(bytes.length);
  return cut.endBytes;
};

describe("the end of a log that is copied while it is written", () => {
  it("is behind the last whole command or transaction, wherever the copy stopped and however it was cut into pieces", () => {
    for (let length = 0; length <= log.length; length++) {
      const copied = log.subarray(0, length);
      const ends = [...unitsOf(copied)].map(({ end }) => end);
      const found = endOf(copied, 1 + (length % 37));
      // An annotation is whole by itself, and belongs to no unit.
      const annotation = /#TS:\d+\r\n$/.exec(copied.subarray(0, found).toString("latin1"));
      expect(found - (annotation?.[0].length ?? 0), `of the first ${length} bytes`).to.equal(ends.at(-1) ?? 0);
    }
  });

  it("is the end of the file where the file is no log of commands: nobody cuts what he does not understand", () => {
    const damaged = Buffer.concat([log, Buffer.alloc(20), log]);
    expect(endOf(damaged, 11)).to.equal(damaged.length);
  });
});
