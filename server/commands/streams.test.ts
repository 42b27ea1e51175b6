import { expect } from "chai";
import { type Served, serve } from "../../tests/worlds/served.ts";

const incr = "/d/appendonlydir/appendonly.aof.1.incr.aof";

/** What the log holds from `from` on, a line a command. */
function logged({ disk }: Served, from = 0): string[] {
  const parts = disk.text(incr).slice(from).split("\r\n");
  const lines: string[] = [];
  for (let at = 0; at < parts.length - 1; ) {
    const count = Number((parts[at++] as string).slice(1));
    const words = Array.from({ length: count }, (_, word) => parts[at + 2 * word + 1] as string);
    at += 2 * count;
    lines.push(words.join(" "));
  }
  return lines;
}

/** What these commands leave in the log. */
async function logOf(...requests: string[]): Promise<string[]> {
  const served = await serve({ appendonly: true });
  await served.world.pass();
  for (const request of requests) served.peer.ask(request);
  await served.world.pass();
  return logged(served).slice(1);
}

const add = (...ids: number[]): string[] => ids.map((id) => `XADD s ${id}-0 f v`);

describe("a stream's commands in the log", () => {
  it("say which id was made up", async () => {
    expect(await logOf("XADD s 5-* f v", "XADD s 5-* f v")).to.deep.equal(["XADD s 5-0 f v", "XADD s 5-1 f v"]);
    const [made] = await logOf("XADD s * f v");
    expect(made).to.match(/^XADD s \d+-0 f v$/);
  });

  it("say what an approximate trim came to", async () => {
    const log = await logOf(...add(1, 2, 3), "XADD s MAXLEN ~ 1 4-0 f v", "XTRIM s MAXLEN ~ 1", "XTRIM s MAXLEN 2");
    expect(log.slice(3)).to.deep.equal(["XADD s MAXLEN = 4 4-0 f v", "XTRIM s MAXLEN 2"]);
    expect((await logOf(...add(1, 2), "XADD s MINID ~ 2 3-0 f v")).at(-1)).to.equal("XADD s MINID = 1-0 3-0 f v");
  });

  it("say who was given what, and not who asked", async () => {
    const log = await logOf(
      ...add(1, 2),
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g ann STREAMS s >",
      "XREADGROUP GROUP g ann STREAMS s >",
    );
    const times = log.map((line) => line.replace(/TIME \d+/, "TIME t"));
    expect(times.slice(3)).to.deep.equal([
      "MULTI",
      "XCLAIM s g ann 0 1-0 TIME t RETRYCOUNT 1 FORCE JUSTID LASTID 1-0",
      "XCLAIM s g ann 0 2-0 TIME t RETRYCOUNT 1 FORCE JUSTID LASTID 2-0",
      "EXEC",
    ]);
  });

  it("say how far a group has come that acknowledges nothing, and who joined it", async () => {
    const log = await logOf(...add(1), "XGROUP CREATE s g 0 ENTRIESREAD 0", "XREADGROUP GROUP g ann NOACK STREAMS s >");
    expect(log.slice(2)).to.deep.equal([
      "MULTI",
      "XGROUP CREATECONSUMER s g ann",
      "XGROUP SETID s g 1-0 ENTRIESREAD 1",
      "EXEC",
    ]);
    expect((await logOf(...add(1), "XGROUP CREATE s g 0", "XREADGROUP GROUP g ann STREAMS s 0")).at(-1)).to.equal(
      "XGROUP CREATECONSUMER s g ann",
    );
  });

  it("forget what is pending of an entry that is gone", async () => {
    const log = await logOf(
      ...add(1),
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g ann STREAMS s >",
      "XDEL s 1-0",
      "XAUTOCLAIM s g bob 0 -",
    );
    expect(log.at(-1)).to.match(/^XCLAIM s g ann 0 1-0 TIME \d+ RETRYCOUNT 1 FORCE JUSTID LASTID 1-0$/);
  });
});

describe("a client blocked on a stream", () => {
  const reply = (id: string) => `*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n${id}\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n`;

  it("is given what is added, also to a stream that was not there", async () => {
    const { peer, world } = await serve();
    const waiting = world.connect();
    waiting.ask("XREAD BLOCK 0 STREAMS s $");
    peer.ask("XADD s 1-0 f v");
    expect(waiting.take()).to.equal(reply("1-0"));
  });

  it("is not woken by an entry that is gone again by the end of the transaction", async () => {
    const { peer, world } = await serve();
    const waiting = world.connect();
    waiting.ask("XREAD BLOCK 0 STREAMS s $");
    peer.ask("MULTI", "XADD s 1-0 f v", "DEL s", "EXEC");
    expect(waiting.take()).to.equal("");
  });

  it("hears that its group or its stream is gone, however it went", async () => {
    for (const [how, answer] of [
      ["DEL s", "-UNBLOCKED the stream key no longer exists"],
      ["SET s text", "-UNBLOCKED the stream key no longer exists"],
      ["RENAME s t", "-UNBLOCKED the stream key no longer exists"],
      ["FLUSHALL", "-UNBLOCKED the stream key no longer exists"],
      ["SWAPDB 0 1", "-UNBLOCKED the stream key no longer exists"],
      ["XGROUP DESTROY s g", "-NOGROUP the consumer group this client was blocked on no longer exists"],
    ] as const) {
      const { peer, world } = await serve();
      peer.ask("XGROUP CREATE s g $ MKSTREAM");
      const waiting = world.connect();
      waiting.ask("XREADGROUP GROUP g ann BLOCK 0 STREAMS s >");
      peer.ask(how);
      expect(waiting.take(), how).to.equal(`${answer}\r\n`);
    }
  });

  it("is logged with what it was given", async () => {
    const served = await serve({ appendonly: true });
    await served.world.pass();
    served.peer.ask("XGROUP CREATE s g $ MKSTREAM");
    served.world.connect().ask("XREADGROUP GROUP g ann BLOCK 0 STREAMS s >");
    served.peer.ask("XADD s 1-0 f v");
    await served.world.pass();
    expect(logged(served).slice(-2).join("\n")).to.match(/^XADD s 1-0 f v\nXCLAIM s g ann 0 1-0 TIME \d+ RETRYCOUNT 1/);
  });
});
