import { expect } from "chai";
import { PlainProcess } from "../../tests/worlds/plain-time.ts";
import { randomFrom } from "../random.ts";
import { SimClock } from "./sim-clock.ts";
import { WorldEnded } from "./sim-time.ts";

const us = 1_000;

describe("the simulated clock", () => {
  const setUp = () => {
    const crashes: unknown[] = [];
    const clock = new SimClock(randomFrom("clock"), 0, (process, error) => {
      (process as PlainProcess).isAlive = false;
      crashes.push(error);
    });
    return { clock, crashes, happened: [] as string[] };
  };
  const runAll = (clock: SimClock) => {
    while (clock.next());
  };

  it("does what is due in the order of time, and at one moment in the order in which it was asked for", () => {
    const { clock, happened } = setUp();
    clock.schedule(undefined, 20 * us, () => happened.push("late"));
    clock.schedule(undefined, 10 * us, () => happened.push("first"));
    clock.schedule(undefined, 10 * us, () => happened.push("second"));
    clock.schedule(undefined, 15 * us, () => happened.push("never")).cancel();
    runAll(clock);
    expect(happened).to.deep.equal(["first", "second", "late"]);
    expect(clock.nowNs()).to.equal(20 * us);
  });

  it("moves by a nanosecond with every stamp, so that no two are alike", () => {
    const { clock } = setUp();
    expect([clock.stamp(), clock.stamp(), clock.nowNs()]).to.deep.equal([1, 2, 2]);
  });

  it("lets everybody else go on while a process is held up, and then what was due for it, in order", () => {
    const { clock, happened } = setUp();
    const [server, saver] = [new PlainProcess(1), new PlainProcess(2)];
    let synced = false;
    clock.schedule(server, 0, () => {
      clock.after(1, () => {
        synced = true;
      });
      clock.holdUp(server, () => synced);
      happened.push("synced");
    });
    clock.schedule(server, 10 * us, () => happened.push("server"));
    clock.schedule(saver, 20 * us, () => happened.push("saver"));
    clock.schedule(server, 30 * us, () => happened.push("server again"));
    clock.schedule(undefined, 40 * us, () => happened.push("wire"));
    runAll(clock);
    expect(happened).to.deep.equal(["saver", "wire", "synced", "server", "server again"]);
    expect(clock.nowNs()).to.equal(1e6);
  });

  it("lets a server stand still while its saver is held up, because within that call no promise of the server settles", () => {
    const { clock, happened } = setUp();
    const [server, saver, other] = [new PlainProcess(1, true), new PlainProcess(2), new PlainProcess(3)];
    let released = false;
    clock.schedule(saver, 0, () => {
      clock.after(2_500, () => {
        released = true;
      });
      clock.holdUp(saver, () => released);
      happened.push("saver");
    });
    clock.schedule(server, 10 * us, () => happened.push("server"));
    clock.schedule(other, 20 * us, () => happened.push("another saver"));
    clock.schedule(undefined, 30 * us, () => happened.push("wire"));
    runAll(clock);
    expect(happened).to.deep.equal(["another saver", "wire", "saver", "server"]);
  });

  it("never wakes anybody before the time that he asked for", () => {
    const { clock } = setUp();
    let wokenNs = 0;
    clock.schedule(undefined, 0.25, () => {
      wokenNs = clock.nowNs();
    });
    runAll(clock);
    expect(wokenNs).to.be.at.least(0.25);
  });

  it("never does what was due for a process that is dead by then", () => {
    const { clock, happened } = setUp();
    const process = new PlainProcess(1);
    clock.schedule(process, 10 * us, () => happened.push("dead"));
    clock.schedule(undefined, 5 * us, () => {
      process.isAlive = false;
    });
    runAll(clock);
    expect(happened).to.deep.equal([]);
  });

  it("unwinds a process that is killed while it is held up", () => {
    const { clock, crashes, happened } = setUp();
    const process = new PlainProcess(1);
    clock.schedule(process, 0, () => {
      clock.after(5, () => happened.push("disk"));
      clock.after(1, () => {
        process.isAlive = false;
      });
      clock.holdUp(process, () => happened.length > 0);
      throw new WorldEnded(process);
    });
    runAll(clock);
    expect(crashes).to.deep.equal([]);
    expect(happened).to.deep.equal(["disk"]);
  });

  it("ends a process of an error that its code did not catch", () => {
    const { clock, crashes, happened } = setUp();
    const process = new PlainProcess(1);
    clock.schedule(process, 0, () => {
      throw new Error("a bug");
    });
    clock.schedule(process, 10, () => happened.push("goes on"));
    runAll(clock);
    expect(crashes).to.have.length(1);
    expect(happened).to.deep.equal([]);
  });

  it("says so when a process waits for what never comes", () => {
    const { clock } = setUp();
    expect(() => clock.holdUp(new PlainProcess(7), () => false)).to.throw("process 7 waits for what never comes");
  });

  it("lets others go first, now and then, when a process is about to do something", () => {
    const { clock, happened } = setUp();
    const process = new PlainProcess(1);
    for (let at = 0; at < 100; at++) clock.schedule(undefined, at * us, () => happened.push("other"));
    clock.schedule(process, 0, () => {
      clock.step(process);
      happened.push("process");
    });
    runAll(clock);
    const before = happened.indexOf("process");
    expect(before).to.be.greaterThan(0);
    expect(before).to.be.lessThan(100);
  });
});
