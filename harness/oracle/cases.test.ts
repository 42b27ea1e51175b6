/**
 * What the oracle says, case by case: a history drawn as lines, what came back, and the verdict. Rules in brackets are
 * those of the design: S for cutting a recording, O for the oracle.
 */
import { expect } from "chai";
import { drawnStartWallMs } from "../../tests/drawn-history.ts";
import { held, judged, violated } from "../../tests/verdicts.ts";

describe("one client's calls", () => {
  it("are all there", () => {
    const { loss, recoveryPoint } = held(
      judged(
        `
        0  ├──┤           SET a 1 → OK
        0       ├──┤      RPUSH l x y → 2
        `,
        "SET a 1 · RPUSH l x y",
      ),
    );
    expect(recoveryPoint?.lengths).to.deep.equal([2]);
    expect(loss).to.deep.equal({ acked: 0, ageMs: 0, spanMs: 0 });
  });

  it("may be any prefix where nothing is promised, and the loss is measured all the same [O6]", () => {
    const { loss, recoveryPoint } = held(
      judged(
        `
        0  ├──┤                  SET a 1 → OK
        0       ├──┤             SET b 2 → OK
        0            ├──┤        SET c 3 → OK
        ✂                     ┊
        `,
        "SET a 1",
      ),
    );
    expect(recoveryPoint?.lengths).to.deep.equal([1]);
    expect(loss).to.deep.equal({ acked: 2, ageMs: 110, spanMs: 50, oldest: 1, newest: 2 });
  });

  it("may have run or not while in flight, and what followed it on the connection too [O1]", () => {
    const drawing = `
        0  ├──┤          SET a 1 → OK
        0       ├─…      SET a 2
        0        ├─…     INCR n
        ✂             ┊
        `;
    for (const back of ["SET a 1", "SET a 2", "SET a 2 · INCR n"]) held(judged(drawing, back));
    violated(judged(drawing, "SET a 1 · INCR n"), "hole", /SET a 2 is lost, and the newer INCR n was kept/);
  });

  it("are not kept with a hole in them", () => {
    const finding = violated(
      judged(
        `
        0  ├──┤               SET a 1 → OK
        0       ├──┤          SET b 2 → OK
        0            ├──┤     SET c 3 → OK
        `,
        "SET a 1 · SET c 3",
      ),
      "hole",
      /^client 0: SET b 2 is lost, and the newer SET c 3 was kept$/,
    );
    expect(finding.evidence).to.deep.include({
      keys: [{ database: 0, key: "b", expected: "string 2", recovered: "(nothing)" }],
    });
    expect(finding.evidence.calls).to.deep.equal([
      { id: 1, client: 0, request: "SET b 2", sentMs: 50, repliedMs: 80, reply: "OK", fate: "lost" },
      { id: 2, client: 0, request: "SET c 3", sentMs: 100, repliedMs: 130, reply: "OK", fate: "kept" },
    ]);
  });

  it("are seen with a hole inside one value", () => {
    violated(
      judged(
        `
        0  ├──┤               APPEND log a → 1
        0       ├──┤          APPEND log b → 2
        0            ├──┤     APPEND log c → 3
        `,
        "SET log ac",
      ),
      "hole",
      /APPEND log b is lost, and the newer APPEND log c was kept/,
    );
  });

  it("do not come back from the dead", () => {
    violated(
      judged(
        `
        0  ├──┤               SET a 1 → OK
        0       ├──┤          DEL a → 1
        0            ├──┤     SET c 3 → OK
        `,
        "SET a 1 · SET c 3",
      ),
      "resurrection",
      /a is back: DEL a is lost/,
    );
  });

  it("do not hold what nobody wrote", () => {
    const drawing = "0  ├──┤      SET a 1 → OK";
    violated(judged(drawing, "SET a 1 · SET b 1"), "phantom", /b is there, and nobody ever wrote such a key/);
    violated(judged(drawing, "SET a 2"), "wrong-value", /a holds what no prefix of its calls gives/);
    violated(judged(drawing, "SELECT 3 · SET a 1"), "phantom", /a in database 3/);
  });

  it("are not doubled", () => {
    violated(judged("0  ├──┤      INCR n → 1", "SET n 2"), "wrong-value");
    violated(judged("0  ├──┤      RPUSH l a → 1", "RPUSH l a a"), "wrong-value");
  });

  it("are explained by the greatest of several prefixes that fit [O2]", () => {
    const { recoveryPoint } = held(
      judged(
        `
        0  ├──┤                    SET a 1 → OK
        0       ├──┤               SET a 2 → OK
        0            ├──┤          SET a 1 → OK
        0                 ├──┤     SET a 3 → OK
        `,
        "SET a 1",
      ),
    );
    expect(recoveryPoint?.lengths).to.deep.equal([3]);
  });

  it("go to the database that was selected", () => {
    const drawing = `
        0  ├──┤               SELECT 2 → OK
        0       ├──┤          SET a 1 → OK
        `;
    held(judged(drawing, "SELECT 2 · SET a 1"));
    violated(judged(drawing, "SET a 1"), "phantom");
  });
});

describe("answers", () => {
  it("that refuse mean that nothing happened", () => {
    const drawing = `
        0  ├──┤               SET a 1 → OK
        0       ├──┤          SET a 2 → MISCONF Errors writing to the AOF file
        0            ├──┤     SET b 1 → OK
        `;
    held(judged(drawing, "SET a 1 · SET b 1"));
    violated(judged(drawing, "SET a 2 · SET b 1"), "wrong-value");
  });

  it("that never came may have been refusals, where the store refused others", () => {
    const drawing = `
        0  ├──┤               SET a 1 → OOM command not allowed
        1       ├─…           SET b 1
        1        ├─…          SET c 1
        ✂              ┊
        `;
    held(judged(drawing, "SET c 1"));
    violated(judged(drawing.replace("OOM command not allowed", "OK"), "SET a 1 · SET c 1"), "hole");
  });

  it("are knowledge where the store had a choice", () => {
    const drawing = `
        0  ├──┤               SADD s a b c → 3
        0       ├──┤          SPOP s → "b"
        `;
    held(judged(drawing, "SADD s a c"));
    violated(judged(drawing, "SADD s a b"), "wrong-value");
  });

  it("leave the choice open when they never came", () => {
    const drawing = `
        0  ├──┤               SADD s a b c → 3
        0       ├─…           SPOP s
        0        ├─…          SPOP s
        ✂              ┊
        `;
    for (const back of ["SADD s a b c", "SADD s b c", "SADD s a b", "SADD s a", "SADD s c"])
      held(judged(drawing, back));
    violated(judged(drawing, "SADD s b z"), "wrong-value");
  });

  it("leave it open among hundreds too, and it shows only afterwards what was chosen", () => {
    const members = Array.from({ length: 300 }, (_, index) => `m${index}`);
    const drawing = `
        0  ├──┤               SADD s ${members.join(" ")} → 300
        0       ├─…           SPOP s 3
        0        ├─…          SADD s m7
        0         ├─…         MULTI · SPOP s 2 · SET a 1 · EXEC
        ✂               ┊
        `;
    const without = (...gone: number[]) => `SADD s ${members.filter((_, index) => !gone.includes(index)).join(" ")}`;
    for (const back of [
      without(),
      without(1, 7, 299),
      without(1, 299),
      `${without(1, 7, 8, 9, 299)} · SET a 1`,
      `${without(1, 2, 3, 4)} · SET a 1`,
    ]) {
      held(judged(drawing, back));
    }
    violated(judged(drawing, without(1)), "wrong-value");
    violated(judged(drawing, without(1, 2, 3, 4, 5)), "half-transaction");
    violated(judged(drawing, without(1, 2, 3, 4, 5, 6)), "wrong-value");
    expect(judged(drawing, `${without(1, 2, 3)} · SET a 1`).verdict).to.equal("violated");
  });

  it("must be what the store held", () => {
    const drawing = (reply: string) => `
        0  ├──┤               INCR n → 1
        0       ├──┤          GET n → ${reply}
        `;
    held(judged(drawing('"1"'), "SET n 1"));
    violated(
      judged(drawing('"7"'), "SET n 1"),
      "wrong-reply",
      /GET n was answered "7", and the store must have held "1"/,
    );
    violated(judged(drawing("nil"), "SET n 1"), "wrong-reply");
    violated(judged(drawing("WRONGTYPE Operation against a key"), "SET n 1"), "wrong-reply");
  });

  it("that come after the cut are no promise, and still say what ran [S3]", () => {
    const drawing = `
        0  ├──┤                   SADD s a b → 2
        0       ├──────────┤      SPOP s → "a"
        0        ├──────────┤     INCR n → 1
        ✂            ┊
        `;
    const { loss } = held(judged(drawing, "SADD s a b", { row: "always" }));
    expect(loss?.acked).to.equal(0);
    held(judged(drawing, "SADD s b"));
    violated(judged(drawing, "SADD s a"), "wrong-value");
  });
});

describe("a transaction", () => {
  const drawing = `
        0  ├──┤                     SET a 1 → OK
        0       ├──┤                MULTI · INCR a · SET b 1 · RPUSH l x · EXEC → [2, OK, 1]
        0            ├──┤           SET c 1 → OK
        `;

  it("is kept as a whole or not at all", () => {
    held(judged(drawing, "SET a 1"));
    held(judged(drawing, "SET a 2 · SET b 1 · RPUSH l x"));
    for (const half of [
      "SET a 2",
      "SET a 2 · SET b 1",
      "SET a 1 · SET b 1 · RPUSH l x",
      "SET a 2 · SET b 1 · SET c 1",
    ]) {
      const judgement = judged(drawing, half);
      violated(judgement, "half-transaction", /MULTI · INCR a · SET b 1 · RPUSH l x · EXEC/);
      expect(judgement.findings[0]?.checker).to.equal("atomicity");
    }
  });

  it("is seen in half when all its requests went to one key", () => {
    const onOneKey = `
        0  ├──┤                     RPUSH l a → 1
        0       ├──┤                MULTI · RPUSH l b · RPUSH l c · EXEC → [2, 3]
        0            ├──┤           RPUSH l d → 4
        `;
    violated(judged(onOneKey, "RPUSH l a b"), "half-transaction");
    violated(judged(onOneKey, "RPUSH l a b d"), "half-transaction");
    violated(judged(onOneKey, "RPUSH l a d"), "hole");
  });

  it("did nothing when a watched key had changed", () => {
    const aborted = `
        0  ├──┤                     SET a 1 → OK
        0       ├──┤                WATCH w · MULTI · SET a 2 · EXEC → nil
        `;
    held(judged(aborted, "SET a 1", { row: "always" }));
    violated(judged(aborted, "SET a 2"), "wrong-value");
  });

  it("may have aborted when it watched and was never answered", () => {
    const unanswered = `
        0  ├─…                      WATCH w · MULTI · SET a 2 · EXEC
        0    ├─…                    SET b 1
        ✂           ┊
        `;
    held(judged(unanswered, "SET b 1"));
    held(judged(unanswered, "SET a 2 · SET b 1"));
    violated(judged(unanswered.replace("WATCH w · ", ""), "SET b 1"), "hole");
  });

  it("refuses its requests one by one [O1]", () => {
    const partly = "0  ├──┤    MULTI · SET a x · INCR a · SET b 1 · EXEC → [OK, ERR value is not an integer, OK]";
    held(judged(partly, "SET a x · SET b 1"));
  });
});

describe("a deadline", () => {
  const far = Date.UTC(2070, 0);

  it("must come back as it was set", () => {
    const drawing = `
        0  ├──┤               SET a 1 PXAT ${far} → OK
        0       ├──┤          SET b 1 → OK
        `;
    held(judged(drawing, `SET a 1 PXAT ${far} · SET b 1`));
    violated(judged(drawing, "SET a 1 · SET b 1"), "wrong-value", /a lost its deadline/);
    violated(judged(drawing, `SET a 1 PXAT ${far + 1} · SET b 1`), "wrong-value", /a has another deadline/);
    violated(
      judged(drawing, `SET a 1 PXAT ${far} · SET b 1 EX 9999`),
      "wrong-value",
      /b has a deadline that nobody gave/,
    );
  });

  it("is known within a span when a length of time was set", () => {
    const drawing = "0  ├──┤      SET a 1 EX 1000000000 → OK";
    const set = (ms: number) => `SET a 1 PXAT ${drawnStartWallMs + 1_000_000_000_000 + ms}`;
    held(judged(drawing, set(30)));
    held(judged(drawing, set(60)));
    violated(judged(drawing, set(5_000)), "wrong-value");
  });

  it("of a call without reply may be as late as the store died, long after the last record", () => {
    const drawing = "0  ├─…    SET a 1 EX 1000000000\n✂                ┊";
    const set = (ms: number) => `SET a 1 PXAT ${drawnStartWallMs + 1_000_000_000_000 + ms}`;
    held(judged(drawing, set(40)));
    held(judged(drawing, set(3_500)));
    violated(judged(drawing, set(-5_000)), "wrong-value");
    violated(judged(drawing, set(3_600_000)), "wrong-value");
  });

  it("that has passed proves nothing by an absence [O4]", () => {
    const soon = drawnStartWallMs + 500;
    const drawing = `
        0  ├──┤               SET a 1 PXAT ${soon} → OK
        0       ├──┤          SET b 1 → OK
        `;
    held(judged(drawing, "SET b 1", { readAfterMs: 1_000 }));
    violated(judged(drawing, "SET b 1", { readAfterMs: 10 }), "hole");
    held(judged(drawing, `SET a 1 PXAT ${soon} · SET b 1`, { readAfterMs: 1_000 }));
  });

  it("that is near leaves both ways open", () => {
    const soon = drawnStartWallMs + 50;
    const drawing = `
        0  ├──┤                    SET n 5 PXAT ${soon} → OK
        0       ├──┤               INCR n → 6
        `;
    held(judged(drawing, `SET n 6 PXAT ${soon}`));
    held(judged(drawing.replace("→ 6", "→ 1"), "SET n 1"));
    violated(judged(drawing.replace("→ 6", "→ 9"), "SET n 1"), "wrong-reply");
  });
});
