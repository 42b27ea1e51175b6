import { expect } from "chai";
import { SimMachine } from "../sim/sim-world.ts";
import { drive } from "./drive.ts";

/** Wherever in Node's loop somebody begins to drive. */
const turns: Readonly<Record<string, (run: () => Promise<void>) => Promise<void>>> = {
  "a promise": (run) => Promise.resolve().then(run),
  "a tick": (run) => new Promise((resolve) => process.nextTick(() => resolve(run()))),
  "an immediate": (run) => new Promise((resolve) => setImmediate(() => resolve(run()))),
  "a timer": (run) => new Promise((resolve) => setTimeout(() => resolve(run()), 0)),
};

describe("driving a simulated machine", () => {
  for (const [name, from] of Object.entries(turns)) {
    it(`follows every promise to its end before the next event, begun in ${name}`, async () => {
      // More often than a turn of the whole loop comes in between.
      for (let time = 0; time < 250; time++) await from(() => manyPromisesBeforeOneEvent());
    });
  }
});

async function manyPromisesBeforeOneEvent(): Promise<void> {
  const machine = new SimMachine({ seed: "drive", wallAtStartMs: 0 });
  let followed = 0;
  let followedAtEvent: number | undefined;
  machine.clock.after(0, () => {
    followedAtEvent = followed;
  });
  const following = (async () => {
    for (; followed < 40; followed++) await Promise.resolve();
  })();
  expect(await drive(machine, () => followedAtEvent !== undefined)).to.equal(true);
  await following;
  expect(followedAtEvent).to.equal(40);
}
