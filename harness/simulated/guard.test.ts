import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { expect } from "chai";
import { Snapshots } from "../../server/snapshots.ts";
import { Turn } from "../../server/turn.ts";
import { simulatedPlan } from "../../tests/simulated/simulated-plan.ts";
import { guarded, TouchedReality } from "./guard.ts";
import { SimulatedWorld } from "./simulated-world.ts";

/** Does it at the end of every turn, in the middle of the server. */
function turnThat(touches: () => unknown): typeof Turn {
  return class extends Turn {
    override end(...ending: Parameters<Turn["end"]>): ReturnType<Turn["end"]> {
      touches();
      return super.end(...ending);
    }
  };
}

const plan = () => simulatedPlan({ seed: "guard", preset: "everysec", calls: 20, lastsMs: 200, rewrites: 0 });

const touches: readonly [string, () => unknown][] = [
  ["Date.now", () => Date.now()],
  ["new Date", () => new Date()],
  ["performance.now", () => performance.now()],
  ["hrtime.bigint", () => process.hrtime.bigint()],
  ["Math.random", () => Math.random()],
  ["setTimeout", () => setTimeout(() => undefined, 1)],
  ["setImmediate", () => setImmediate(() => undefined)],
  ["fs.readFileSync", () => readFileSync("/dev/null")],
  ["crypto.randomBytes", () => randomBytes(1)],
];

describe("the guard around simulated worlds", () => {
  for (const [what, touch] of touches) {
    it(`stops a server that reaches for ${what}, and says where`, async () => {
      const world = new SimulatedWorld({ parts: { Turn: turnThat(touch) } });
      const error = await world.record(plan()).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(TouchedReality);
      expect((error as TouchedReality).what).to.equal(what);
      expect((error as Error).message).to.match(/server\/\w+[\w/-]*\.js:\d+/);
    });
  }

  it("stops it while it recovers, also where it swallows what stopped it", async () => {
    class Curious extends Snapshots {
      override get hasSavePoints(): boolean {
        try {
          Date.now();
        } catch (error) {
          if (!(error instanceof TouchedReality)) throw error;
        }
        return super.hasSavePoints;
      }
    }
    const { config } = plan();
    const recoverer = await new SimulatedWorld({ parts: { Snapshots: Curious } }).recoverer(config);
    const error = await recoverer.recover(new Map(), 2).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(TouchedReality);
  });

  it("lets the harness do as it likes meanwhile, and everybody when nothing simulated runs", async () => {
    await guarded(async () => {
      expect(Date.now()).to.be.greaterThan(0);
      expect(new Date(0).getTime()).to.equal(0);
      expect(Math.random()).to.be.lessThan(1);
      expect(readFileSync("/dev/null")).to.have.length(0);
    });
    expect(new Date()).to.be.instanceOf(Date);
    expect(process.hrtime.bigint() > 0n).to.equal(true);
  });

  it("is silent on the correct store", async () => {
    const { recording } = await new SimulatedWorld().record(plan());
    expect(recording.digest).to.match(/^[0-9a-f]{64}$/);
  });
});
