import { expect } from "chai";
import type { CallRecord } from "../recording/history.ts";
import { longestStallMs } from "./stalls.ts";

/** `[sent, replied]` in milliseconds; without a reply the call never had one. */
function client(...calls: readonly (readonly [sentMs: number, repliedMs?: number])[]): CallRecord[] {
  return calls.map(([sentMs, repliedMs], id) => ({
    id,
    client: 0,
    call: { requests: [["PING"]], transaction: false },
    invokedNs: sentMs * 1e6,
    invokedWallMs: 0,
    ...(repliedMs !== undefined && {
      completed: { ns: repliedMs * 1e6, wallMs: 0, reply: { kind: "string", value: "PONG" } as const },
    }),
  }));
}

const stall = (untilMs: number, ...clients: CallRecord[][]) => longestStallMs({ clients }, untilMs * 1e6);

describe("the longest stall", () => {
  it("is the longest time between two replies for which somebody waited", () => {
    expect(stall(100, client([0, 1], [10, 12]), client([0, 8], [20, 21]))).to.equal(7);
  });

  it("does not count time in which nobody asked", () => {
    expect(stall(1_000, client([0, 1], [900, 902]))).to.equal(2);
  });

  it("counts a call without a reply up to the end", () => {
    expect(stall(100, client([0, 1], [30]))).to.equal(70);
  });

  it("ends with the run: what came later is another story", () => {
    expect(stall(50, client([0, 1], [30, 500], [600, 900]))).to.equal(20);
  });

  it("is nothing for a history without calls", () => {
    expect(stall(50)).to.equal(0);
  });
});
