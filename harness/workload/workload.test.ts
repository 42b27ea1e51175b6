import { expect } from "chai";
import { profileNames, scenarioSchema, type Workload } from "../../scenarios/scenario.ts";
import { operationOf, operations } from "../operations/operations.ts";
import { randomFrom } from "../random.ts";
import type { Call } from "../recording/history.ts";
import { type ClientPlan, planClients, type Vocabulary } from "./workload.ts";

const words: Vocabulary = { redisVersion: "7.0.15", withoutCommands: [] };

function workload(given: object = {}): Workload {
  return scenarioSchema.parse({
    name: "test",
    why: "test",
    presets: ["always"],
    workload: given,
    fault: { kind: "kill", trigger: { kind: "after-acks", acks: 1 } },
    budget: { runs: 1 },
  }).workload;
}

const callsOf = (clients: readonly ClientPlan[]): Call[] =>
  clients.flatMap(({ batches }) => batches.flatMap(({ calls }) => calls));
const namesOf = (clients: readonly ClientPlan[]): Set<string> =>
  new Set(callsOf(clients).flatMap(({ requests }) => requests.map(([name]) => name as string)));

describe("a workload", () => {
  const draw = (given: object = {}, calls = 2_000, vocabulary = words) =>
    planClients(workload(given), { calls, lastsMs: 0 }, vocabulary, randomFrom("seed"));

  it("is the same for the same seed, and another for another", () => {
    const rhythm = { calls: 200, lastsMs: 100 };
    const twice = ["a", "a", "b"].map((seed) =>
      JSON.stringify(planClients(workload(), rhythm, words, randomFrom(seed))),
    );
    expect(twice[0]).to.equal(twice[1]);
    expect(twice[0]).to.not.equal(twice[2]);
  });

  it("gives each client its share of the calls, in batches that are no deeper than the pipeline", () => {
    const clients = draw({ clients: 3, pipeline: 5 }, 300);
    expect(clients.map((client) => callsOf([client]).length)).to.deep.equal([100, 100, 100]);
    const sizes = clients.flatMap(({ batches }) => batches.map(({ calls }) => calls.length));
    expect(Math.max(...sizes)).to.equal(5);
    expect(Math.min(...sizes)).to.equal(1);
  });

  it("lets each client write keys of its own", () => {
    const owners = draw({ clients: 3 }).map(
      (client) =>
        new Set(
          callsOf([client]).flatMap(({ requests }) =>
            requests.flatMap((request) =>
              operationOf(request)
                .keys(request)
                .map((key) => key.split(":")[0]),
            ),
          ),
        ),
    );
    expect(owners.map((prefixes) => [...prefixes])).to.deep.equal([["c0"], ["c1"], ["c2"]]);
  });

  it("has every type, deletes, far deadlines, transactions, watched ones and several databases when it is mixed", () => {
    const clients = draw({ databases: 3 }, 6_000);
    const names = namesOf(clients);
    for (const name of [
      "SET",
      "RPUSH",
      "HSET",
      "SADD",
      "ZADD",
      "DEL",
      "PEXPIREAT",
      "EXPIRE",
      "SELECT",
      "INCR",
      "RENAME",
    ]) {
      expect(names, name).to.include(name);
    }
    const transactions = callsOf(clients).filter(({ transaction }) => transaction);
    expect(transactions.length).to.be.within(300, 700);
    expect(transactions.some(({ watch }) => watch !== undefined)).to.equal(true);
  });

  it("has both protocols, and clients that wait beside clients that do not", () => {
    const clients = draw({ clients: 40 });
    expect(new Set(clients.map(({ protocol }) => protocol))).to.deep.equal(new Set([2, 3]));
    const waits = clients.map(({ batches }) => batches.some(({ pauseMs }) => pauseMs > 0));
    expect(new Set(waits)).to.deep.equal(new Set([true, false]));
  });

  it("spreads its calls over the time that it is to last", () => {
    const clients = planClients(workload({ clients: 20 }), { calls: 2_000, lastsMs: 900 }, words, randomFrom("seed"));
    const lengths = clients.map(({ batches }) => batches.reduce((sum, { pauseMs }) => sum + pauseMs, 0));
    const paced = lengths.filter((ms) => ms > 0);
    expect(paced.length).to.be.greaterThan(0);
    for (const ms of paced) expect(ms).to.be.within(500, 1_400);
  });

  for (const profile of profileNames) {
    it(`draws only commands that an operation describes, as ${profile}`, () => {
      const names = namesOf(draw({ profile }));
      expect(names.size).to.be.greaterThan(3);
      for (const name of names) expect(operationOf([name]).name).to.equal(name);
    });
  }

  it("leaves out a family whose weight is 0", () => {
    const names = namesOf(draw({ weights: { lists: 0, transactions: 0 } }));
    expect([...names].filter((name) => operationOf([name]).family === "lists")).to.deep.equal([]);
    expect(callsOf(draw({ weights: { transactions: 0 } })).some(({ transaction }) => transaction)).to.equal(false);
  });

  it("draws only what the store understands", () => {
    const old = namesOf(draw({}, 6_000, { redisVersion: "6.0", withoutCommands: [] }));
    expect([...old]).to.not.include.members(["COPY"]);
    expect([...old]).to.not.include.members(["EXPIRETIME"]);
    const few = namesOf(draw({}, 6_000, { redisVersion: "7.0", withoutCommands: ["SET", "RPUSH"] }));
    expect(few).to.include("APPEND").and.not.include("SET").and.not.include("RPUSH");
    const none = [...operations.keys()];
    expect(() => draw({}, 10, { redisVersion: "7.0", withoutCommands: none })).to.throw(
      "knows no command that mixed draws",
    );
  });
});
