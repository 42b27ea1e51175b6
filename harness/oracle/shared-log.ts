/**
 * A log that several clients append to, read back. Each client's own elements are a prefix or they are not, which its
 * lane says; this says whether the clients' elements stand together rightly:
 *
 *     appended   e0.0   e1.0   e0.1   e2.0        RPUSH also told each client its position: 1, 2, 3, 4
 *     recovered  e0.0   e0.1   e2.0               a hole: e0.1 stands second, and its client was told third
 *     recovered  e1.0   e0.0                      wrong: e0.0 had been acked before e1.0 was sent
 */
import type { CallRecord } from "../recording/history.ts";
import { type Contradiction, type ContradictionKind, laws } from "./contradiction.ts";
import { describeCall, describeKey, describeText } from "./describe.ts";
import type { LogReading } from "./reading.ts";

/** The first thing that is wrong with the log as a whole, if any. */
export function checkSharedLog(reading: LogReading): Contradiction | undefined {
  const name = describeKey(reading);
  if (reading.wrongType) {
    return fault(reading, "wrong-value", `${name} was only ever appended to, and holds another type`, []);
  }
  const stranger = reading.elements.find(({ appended }) => appended === undefined);
  if (stranger !== undefined) {
    return fault(reading, "phantom", `${name} holds ${describeText(stranger.text)}, which nobody appended`, []);
  }
  return findRepetition(reading) ?? findDisplaced(reading) ?? findInversion(reading);
}

/** Of one client's elements an older one is missing that it was told is there, and a newer one came back. */
export function findGap(reading: LogReading, client: number): Contradiction | undefined {
  const present = new Set(reading.elements.map(({ text }) => text));
  const own = [...reading.log.elements].filter(([, { record }]) => record.client === client);
  let lost: CallRecord | undefined;
  for (const [text, { record, position }] of own) {
    if (!present.has(text)) {
      if (position !== undefined) lost ??= record;
    } else if (lost !== undefined) {
      const message = `${describeKey(reading)}: ${describeCall(lost.call)} is lost, and the newer ${describeCall(record.call)} was kept`;
      return holeOf(reading, message, lost, record, laws.prefix);
    }
  }
  return undefined;
}

function findRepetition(reading: LogReading): Contradiction | undefined {
  const seen = new Set<string>();
  for (const { text, appended } of reading.elements) {
    if (seen.has(text)) {
      const message = `${describeKey(reading)} holds ${describeText(text)} twice, and it was appended once`;
      return fault(reading, "wrong-value", message, appended === undefined ? [] : [appended.record]);
    }
    seen.add(text);
  }
  return undefined;
}

/** An element further to the front than its client was told: something before it is missing. */
function findDisplaced(reading: LogReading): Contradiction | undefined {
  for (const [index, { text, appended }] of reading.elements.entries()) {
    if (appended?.position === undefined || appended.position === index) continue;
    const place = `its client was told place ${appended.position + 1}, and it stands at ${index + 1}`;
    const message = `${describeKey(reading)} holds ${describeText(text)} at a wrong place: ${place}`;
    if (appended.position < index) return fault(reading, "wrong-value", message, [appended.record]);
    const lost = [...reading.log.elements.values()].find(({ position }) => position === index)?.record;
    return holeOf(reading, message, lost, appended.record, laws.realTime);
  }
  return undefined;
}

function holeOf(
  reading: LogReading,
  message: string,
  lost: CallRecord | undefined,
  kept: CallRecord,
  law: string,
): Contradiction {
  return {
    ...fault(reading, "hole", message, []),
    calls: [...(lost === undefined ? [] : [{ record: lost, fate: "lost" } as const]), { record: kept, fate: "kept" }],
    laws: [law],
  };
}

/** Two elements in an order that real time forbids. */
function findInversion(reading: LogReading): Contradiction | undefined {
  let earliest: CallRecord | undefined;
  for (const { text, appended } of reading.elements.toReversed()) {
    if (appended === undefined) continue;
    const endedNs = earliest?.completed?.ns ?? Number.POSITIVE_INFINITY;
    if (earliest !== undefined && appended.record.invokedNs > endedNs) {
      const message = `${describeKey(reading)} holds ${describeText(text)} before an element that was acked before it was sent`;
      return fault(reading, "wrong-value", message, [appended.record, earliest]);
    }
    if ((appended.record.completed?.ns ?? Number.POSITIVE_INFINITY) < endedNs) earliest = appended.record;
  }
  return undefined;
}

function fault(
  reading: LogReading,
  kind: ContradictionKind,
  message: string,
  wrong: readonly CallRecord[],
): Contradiction {
  const recovered = reading.elements.map(({ text }) => describeText(text));
  return {
    kind,
    trait: "shared log",
    message,
    calls: wrong.map((record) => ({ record, fate: "wrong" })),
    keys: [
      {
        database: reading.database,
        key: describeText(reading.key),
        expected: "each element once, in an order that real time allows",
        recovered: recovered.length > 12 ? `${recovered.slice(0, 12).join(" ")} …` : recovered.join(" "),
      },
    ],
    laws: [kind === "phantom" ? laws.authorship : laws.realTime],
  };
}
