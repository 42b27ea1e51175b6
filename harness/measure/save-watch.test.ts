import { expect } from "chai";
import type { Reply } from "../recording/history.ts";
import { MonotonicClock } from "../recording/monotonic-clock.ts";
import type { RespClient } from "../targets/target.ts";
import { SaveWatch } from "./save-watch.ts";

interface Saying {
  readonly saving: boolean;
  readonly begun?: number;
  readonly status?: "ok" | "err";
}

/** A store that answers INFO with one saying after the other, and is gone after the last. */
class TalkingStore implements RespClient {
  readonly askedNs: number[] = [];
  readonly closed = Promise.resolve();
  private readonly sayings: Saying[];
  private readonly clock: MonotonicClock;

  constructor(clock: MonotonicClock, sayings: readonly Saying[]) {
    this.clock = clock;
    this.sayings = [...sayings];
  }

  async send(): Promise<Reply> {
    this.askedNs.push(this.clock.now());
    const saying = this.sayings.shift();
    if (saying === undefined) throw new Error("Connection is closed.");
    const { saving, begun, status = "ok" } = saying;
    const fields = [
      `rdb_bgsave_in_progress:${saving ? 1 : 0}`,
      `rdb_last_bgsave_status:${status}`,
      ...(begun === undefined ? [] : [`rdb_saves:${begun}`]),
    ];
    return { kind: "string", value: `# Persistence\r\n${fields.join("\r\n")}\r\n` };
  }

  together<T>(run: () => T): T {
    return run();
  }

  close(): void {
    this.sayings.length = 0;
  }
}

async function watch(...sayings: Saying[]) {
  const clock = new MonotonicClock();
  const store = new TalkingStore(clock, sayings);
  const watching = new SaveWatch(store, clock);
  while (store.askedNs.length <= sayings.length) await new Promise((resolve) => setTimeout(resolve, 1));
  return { saves: await watching.stop(), askedNs: store.askedNs };
}

describe("the watch over snapshots", () => {
  it("finds one that began after the last question that saw none, and was complete when it was seen to be", async () => {
    const { saves, askedNs } = await watch(
      { saving: false, begun: 0 },
      { saving: true, begun: 1 },
      { saving: false, begun: 1 },
    );
    expect(saves).to.have.length(1);
    const [first, second, third] = askedNs as [number, number, number];
    expect(saves[0]?.startedNs).to.be.at.most(first).and.at.least(0);
    expect(saves[0]?.completedNs).to.be.greaterThan(third).and.greaterThan(second);
  });

  it("finds one that came and went between two questions", async () => {
    const { saves, askedNs } = await watch({ saving: false, begun: 0 }, { saving: false, begun: 1 });
    expect(saves).to.have.length(1);
    expect(saves[0]?.startedNs).to.be.at.most(askedNs[0] as number);
    expect(saves[0]?.completedNs).to.be.a("number");
  });

  it("does not take a failed one for complete", async () => {
    const { saves } = await watch(
      { saving: false, begun: 0 },
      { saving: true, begun: 1 },
      { saving: false, begun: 1, status: "err" },
      { saving: false, begun: 1, status: "err" },
    );
    expect(saves).to.have.length(1);
    expect(saves[0]?.completedNs).to.equal(undefined);
  });

  it("tells two apart that follow each other at once", async () => {
    const { saves, askedNs } = await watch(
      { saving: false, begun: 0 },
      { saving: true, begun: 1 },
      { saving: true, begun: 2 },
      { saving: false, begun: 2, status: "err" },
    );
    expect(saves).to.have.length(2);
    expect(saves[0]?.completedNs).to.be.a("number");
    expect(saves[1]?.startedNs).to.be.greaterThan(askedNs[0] as number);
    expect(saves[1]?.completedNs).to.equal(undefined);
  });

  it("learns less from a store that does not count its saves, and never too much", async () => {
    const { saves } = await watch({ saving: false }, { saving: true }, { saving: false }, { saving: false });
    expect(saves).to.have.length(1);
    expect(saves[0]?.completedNs).to.be.a("number");
    expect((await watch({ saving: false }, { saving: false })).saves).to.deep.equal([]);
  });
});
