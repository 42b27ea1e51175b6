import { expect } from "chai";
import { scenarioSchema } from "../../scenarios/scenario.ts";
import { operationOf } from "../operations/operations.ts";
import { randomFrom } from "../random.ts";
import { markerKey } from "./marker.ts";
import { planClients } from "./workload.ts";

const { workload } = scenarioSchema.parse({
  name: "mine",
  why: "to see",
  presets: ["always"],
  fault: { kind: "power-cut", lastsMs: 100 },
  budget: { runs: 1 },
});
const words = { redisVersion: "7.0.15", withoutCommands: [] };
const plan = (marker: boolean) =>
  planClients(workload, { calls: 400, lastsMs: 100 }, words, randomFrom("marked"), marker ? 0 : undefined).flatMap(
    ({ batches }) => batches.flatMap(({ calls }) => calls),
  );

describe("the marker", () => {
  it("is appended to by every write, in the same transaction, with an element that never comes twice", () => {
    const elements = plan(true).flatMap(({ requests, transaction }) => {
      const marked = requests.filter(([, key]) => key === markerKey(0));
      const writes = requests.filter((request) => operationOf(request).changes === "keys");
      expect(marked.length, JSON.stringify(requests)).to.equal(writes.length > 0 ? 1 : 0);
      if (marked.length > 0) expect(transaction).to.equal(true);
      return marked.map((request) => request[2]);
    });
    expect(elements.length).to.be.greaterThan(100);
    expect(new Set(elements).size).to.equal(elements.length);
  });

  it("is in one database, because the log of another one would be another log", () => {
    const selected = plan(true).flatMap(({ requests }) => requests.filter(([name]) => name === "SELECT"));
    expect(selected.filter(([, database]) => database !== "0")).to.deep.equal([]);
  });

  it("is not there when it was not asked for", () => {
    expect(JSON.stringify(plan(false))).to.not.include(`"${markerKey(0)}"`);
  });
});
