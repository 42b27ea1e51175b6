import { PassThrough } from "node:stream";
import { expect } from "chai";
import { BarProgress, LineProgress, type Progress } from "./progress.ts";

describe("progress", () => {
  const play = (progress: Progress): void => {
    progress.runBegins({ scenario: "kill/random", preset: "always", target: "bundled" });
    progress.cycleEnded({ done: 1, acked: 900, verdict: "held" });
    progress.cycleEnded({ done: 2, acked: 100, verdict: "held" });
    progress.runEnded("held");
    progress.end();
  };

  it("is a line for each run where there is no terminal, with the time since the start", () => {
    const stream = new PassThrough();
    let nowMs = 1_000;
    const progress = new LineProgress(stream, { runs: 2 }, () => (nowMs += 50));
    play(progress);
    expect(stream.read()?.toString()).to.equal(
      "[ 150 ms] 1/2 kill/random · always · bundled: held, 2 cycles, 1,000 acked calls\n",
    );
  });

  it("tells the first violation of a run at once, and the others when the run ends", () => {
    const stream = new PassThrough();
    const progress = new LineProgress(stream, { runs: 1 }, () => 0);
    progress.runBegins({ scenario: "a", preset: "b", target: "c" });
    for (let done = 1; done <= 3; done++) progress.cycleEnded({ done, acked: 1, verdict: "violated" });
    progress.runEnded("violated");
    expect(stream.read()?.toString()).to.equal(
      "[   0 ms] 1/1 a · b · c: violated in cycle 1\n[   0 ms] 1/1 a · b · c: violated 3 times, 3 cycles, 3 acked calls\n",
    );
  });

  it("is heard of now and then in a run that takes long", () => {
    const stream = new PassThrough();
    let nowMs = 0;
    const progress = new LineProgress(stream, { runs: 1 }, () => nowMs);
    progress.runBegins({ scenario: "a", preset: "b", target: "c" });
    for (let done = 1; done <= 100; done++) {
      nowMs += 1_000;
      progress.cycleEnded({ done, acked: 1, verdict: "held" });
    }
    expect(stream.read()?.toString()).to.equal(
      "[   30 s] 1/1 a · b · c: 30 cycles so far\n[1 min 0 s] 1/1 a · b · c: 60 cycles so far\n[1 min 30 s] 1/1 a · b · c: 90 cycles so far\n",
    );
  });

  it("is a bar on a terminal, which is gone at the end", () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
    const progress = new BarProgress(stream, { runs: 1, cycles: 2 });
    play(progress);
    progress.end();
    const drawn = stream.read()?.toString() ?? "";
    expect(drawn).to.contain("0/2").and.to.contain("\u001b[?25h");
  });

  it("lets no control character of a name through", () => {
    const stream = new PassThrough();
    const progress = new LineProgress(stream, { runs: 1 }, () => 0);
    progress.runBegins({ scenario: "a", preset: "b", target: "/tmp/\u001b[2J" });
    progress.runEnded("held");
    expect(stream.read()?.toString()).to.contain("/tmp/\\x1b[2J");
  });
});
