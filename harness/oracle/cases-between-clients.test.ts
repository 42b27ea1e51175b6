/**
 * What the oracle says where several clients, or a cut through their calls, are involved; see cases.test.ts.
 */
import { expect } from "chai";
import { held, judged, unknown, violated } from "../../tests/verdicts.ts";

describe("several clients' calls", () => {
  it("are kept in the order of real time", () => {
    const drawing = `
        0  ├──┤               SET a 1 → OK
        1         ├──┤        SET b 1 → OK
        `;
    held(judged(drawing, "SET a 1"));
    violated(
      judged(drawing, "SET b 1"),
      "hole",
      /client 0's SET a 1 was over before client 1 sent SET b 1, which was kept/,
    );
  });

  it("may be kept in any order while they overlap", () => {
    const drawing = `
        0  ├─────┤            SET a 1 → OK
        1     ├──────┤        SET b 1 → OK
        `;
    for (const back of ["", "SET a 1", "SET b 1", "SET a 1 · SET b 1"]) held(judged(drawing, back));
  });

  it("bring back what another client saw deleted before it wrote", () => {
    violated(
      judged(
        `
        0  ├──┤                     SET a 1 → OK
        0       ├──┤                DEL a → 1
        1              ├──┤         SET b 1 → OK
        `,
        "SET a 1 · SET b 1",
      ),
      "resurrection",
    );
  });

  it("are found out of order over three clients, though each two of them overlap or fit", () => {
    violated(
      judged(
        `
        0  ├──┤                        SET a 1 → OK
        1     ├────────────┤           SET b 1 → OK
        2                    ├──┤      SET c 1 → OK
        `,
        "SET b 1 · SET c 1",
      ),
      "hole",
      /client 0's SET a 1/,
    );
  });
});

describe("calls that change everything", () => {
  it("are a moment for all clients [O5]", () => {
    const drawing = `
        0  ├──┤                           SET a 1 → OK
        1  ├──┤                           SET b 1 → OK
        1         ├──┤                    FLUSHALL → OK
        0                ├──┤             SET c 1 → OK
        `;
    held(judged(drawing, "SET c 1"));
    held(judged(drawing, ""));
    held(judged(drawing, "SET a 1 · SET b 1"));
    violated(judged(drawing, "SET a 1 · SET c 1"), "resurrection");
    violated(judged(drawing, "SET a 1 · SET b 1 · SET c 1"), "resurrection");
  });

  it("swap databases for all clients", () => {
    const drawing = `
        0  ├──┤                           SET a 1 → OK
        1         ├──┤                    SWAPDB 0 3 → OK
        0                ├──┤             SET a 2 → OK
        `;
    held(judged(drawing, "SET a 2 · SELECT 3 · SET a 1"));
    violated(judged(drawing, "SET a 2"), "hole");
  });

  it("cannot be judged while others were under way", () => {
    const drawing = `
        0  ├──────────┤                   SET a 1 → OK
        1      ├──┤                       FLUSHALL → OK
        `;
    unknown(judged(drawing, "SET a 1"), /FLUSHALL \(call 1\) ran while call 0 was under way/);
  });
});

describe("a log that several clients append to", () => {
  const drawing = `
        0  ├──┤                      RPUSH log a1 → 1
        1     ├──┤                   RPUSH log b1 → 2
        0        ├──┤                MULTI · RPUSH log a2 · SET a x · EXEC → [3, OK]
        1             ├──┤           RPUSH log b2 → 4
        `;

  it("may end anywhere", () => {
    held(judged(drawing, ""));
    held(judged(drawing, "RPUSH log a1 b1"));
    held(judged(drawing, "RPUSH log a1 b1 a2 · SET a x"));
    held(judged(drawing, "RPUSH log a1 b1 a2 b2 · SET a x"));
  });

  it("has no holes, no strangers, nothing twice, and the order that was told", () => {
    violated(judged(drawing, "RPUSH log a1 a2 b2 · SET a x"), "hole");
    violated(judged(drawing, "RPUSH log b1"), "hole", /at a wrong place: its client was told place 2/);
    violated(judged(drawing, "RPUSH log a1 z9"), "phantom", /z9, which nobody appended/);
    violated(judged(drawing, "RPUSH log a1 a1"), "wrong-value", /twice/);
    violated(judged(drawing, "SET log a1"), "wrong-value", /another type/);
    violated(judged(drawing, "RPUSH log a1 b1 a2"), "half-transaction");
  });

  it("has a hole where more is missing than a search could find", () => {
    const places = Array.from({ length: 200 }, (_, place) => place);
    const line = (place: number) =>
      `        ${place % 2}${" ".repeat(place * 3)} ├┤ RPUSH log e${place} → ${place + 1}`;
    const back = places.filter((place) => place < 30 || place > 160).map((place) => `e${place}`);
    const verdict = judged(`\n${places.map(line).join("\n")}\n        `, `RPUSH log ${back.join(" ")}`);
    violated(verdict, "hole");
    expect(verdict.findings.map(({ kind }) => kind)).to.deep.equal(["hole"]);
  });

  it("can also be a text", () => {
    const text = `
        0  ├──┤                      APPEND log a1; → 3
        1          ├──┤              APPEND log b1; → 6
        0                ├──┤        APPEND log a2; → 9
        `;
    held(judged(text, "SET log a1;b1;"));
    violated(judged(text, "SET log a1;a2;"), "hole");
    violated(judged(text, "SET log b1;a1;"), "wrong-value");
    violated(judged(text, "SET log a1;b1;a"), "phantom");
  });
});

describe("a cut through a recording", () => {
  const drawing = (cut: string) => `
        0  ├──┤                           SET a 1 → OK
        0                ├──┤             SET a 2 → OK
        1                        ├──┤     SET b 1 → OK
        ✂  ${cut}
        `;

  it("takes nothing from the future [S1]", () => {
    violated(judged(drawing("        ┊"), "SET a 2"), "phantom", /which had not been sent by then/);
    held(judged(drawing("               ┊"), "SET a 2"));
    violated(judged(drawing("               ┊"), "SET a 2 · SET b 1"), "phantom");
  });

  it("counts acks up to its end as promises [S3]", () => {
    const lossAt = (cut: string) => judged(drawing(cut), "SET a 1").loss?.acked;
    expect(lossAt("               ┊")).to.equal(0);
    expect(lossAt("                 ┊")).to.equal(1);
    expect(lossAt("                          ┊")).to.equal(2);
  });
});
