import { expect } from "chai";
import { drawnStartWallMs, drawnState } from "../../tests/drawn-history.ts";
import { held, judged, type Setting, unknown, violated } from "../../tests/verdicts.ts";
import type { Evidence } from "./evidence.ts";

describe("WAITAOF", () => {
  const drawing = (reply: string) => `
        0  ├──┤                        SET a 1 → OK
        0       ├──┤                   SET b 1 → OK
        0            ├────┤            WAITAOF 1 0 1000 → ${reply}
        0                    ├──┤      SET c 1 → OK
        `;

  it("calls everything before it durable, and nothing after it", () => {
    held(judged(drawing("[1, 0]"), "SET a 1 · SET b 1"));
    violated(judged(drawing("[1, 0]"), "SET a 1"), "false-durable-reply", /SET b 1 is lost/);
    held(judged(drawing("[0, 0]"), "SET a 1"));
  });

  it("promises nothing before it has answered", () => {
    held(judged(`${drawing("[1, 0]")}\n✂                ┊`, "SET a 1"));
  });
});

describe("a recovery", () => {
  const drawing = `
        0  ├──┤           SET a 1 → OK
        0       ├──┤      SET b 1 EX 1000000000 → OK
        `;
  const setting = (starts: Evidence["recovery"]["starts"]): Setting => ({ evidence: { recovery: { starts } } });
  const start = (back: string, readAfterMs = 0) =>
    ({
      kind: "served",
      state: drawnState(back),
      readAtWallMs: drawnStartWallMs + 1_000 + readAfterMs,
      deadlineErrorMs: 0,
      tookMs: 7,
    }) as const;
  const refused = {
    kind: "refused",
    exitCode: 1,
    lastLogLines: ["Bad file format reading the append only file", ""],
  } as const;

  it("of files that read wrong may be refused: what is not served is not wrong", () => {
    const crash = { damage: { path: "dump.rdb", what: "bit 3 of byte 90 of dump.rdb reads wrong" } };
    expect(judged(drawing, "", { ...setting([refused, refused]), crash }).verdict).to.equal("held");
    expect(judged(drawing, "", { ...setting([start("SET a 2"), start("SET a 2")]), crash }).verdict).to.equal(
      "violated",
    );
    expect(judged(drawing, "", { ...setting([refused, start("SET a 1")]), crash }).verdict).to.equal("violated");
  });

  it("that is refused is a violation, with the store's own words", () => {
    const judgement = judged(drawing, "", setting([refused]));
    const finding = violated(judgement, "refusal", /ended with code 1, and its last words are: Bad file format/);
    expect(finding.evidence.storeLog).to.deep.equal(refused.lastLogLines);
    expect(judgement.refused).to.equal(true);
    expect(judgement.promises.map(({ verdict }) => verdict)).to.deep.equal(["unknown", "unknown", "violated"]);
  });

  it("that the harness could not follow is unknown, never a violation", () => {
    const unclear = { kind: "unclear", why: "no answer in 30 s", lastLogLines: [] } as const;
    unknown(judged(drawing, "", setting([unclear])), /no answer in 30 s/);
    unknown(judged(drawing, "", setting([])), /was not started/);
  });

  it("must serve the same twice", () => {
    const both = "SET a 1 · SET b 1 EX 1000000000";
    expect(held(judged(drawing, "", setting([start(both), start(both)]))).recoveryMs).to.equal(7);
    violated(judged(drawing, "", setting([start(both), start("SET a 1")])), "unstable-recovery", /one key differs/);
    violated(judged(drawing, "", setting([start(both), start(`${both} · SET c 1`)])), "unstable-recovery");
    violated(judged(drawing, "", setting([start(both), refused])), "unstable-recovery", /a second start is refused/);
  });

  it("may let a key expire between the two", () => {
    const soon = drawnStartWallMs + 1_500;
    const expiring = `0  ├──┤      SET a 1 PXAT ${soon} → OK`;
    const there = start(`SET a 1 PXAT ${soon}`);
    held(judged(expiring, "", setting([there, start("", 1_000)])));
    violated(judged(expiring, "", setting([there, start("", 100)])), "unstable-recovery");
  });
});

describe("a verdict", () => {
  const drawing = "0  ├──┤      SET a 1 → OK";

  it("is unknown where less was tested than was asked for [N1]", () => {
    const needs = (acksMin: number, hit: boolean): Setting => ({
      evidence: { needs: { acksMin, windows: [{ name: "rewrite", hit }] } },
    });
    held(judged(drawing, "SET a 1", needs(1, true)));
    unknown(judged(drawing, "SET a 1", needs(2, true)), /only 1 calls were acked, and 2 are needed/);
    unknown(judged(drawing, "SET a 1", needs(1, false)), /never hit while it was open: rewrite/);
    violated(judged(drawing, "SET b 1", needs(2, true)), "phantom");
  });

  it("is unknown where a command has no model, or a key has several masters", () => {
    unknown(judged("0  ├──┤      EVAL x 0 → OK", ""), /no operation describes the command "EVAL"/);
    unknown(
      judged(
        `
        0  ├──┤      INCR n → 1
        1       ├──┤ INCR n → 2
        `,
        "SET n 2",
      ),
      /clients 0 and 1 all wrote "n"/,
    );
  });

  it("carries a fingerprint that outlives seeds, keys and values, and tells places apart", () => {
    const hole = (key: string, value: string, place: string) =>
      violated(
        judged(
          `
        0  ├──┤               SET ${key}1 1 → OK
        0       ├──┤          SET ${key}2 ${value} → OK
        `,
          `SET ${key}2 ${value}`,
          { crash: { place } },
        ),
        "hole",
      ).fingerprint;
    expect(hole("a", "1", "rewrite"))
      .to.equal(hole("b", "7", "rewrite"))
      .and.match(/^hole-[0-9a-f]{8}$/);
    expect(hole("a", "1", "rewrite")).not.to.equal(hole("a", "1", "rotation"));
  });
});
