import { expect } from "chai";
import { serve } from "../../tests/worlds/served.ts";

const slept = (seconds: number) => `DEBUG SLEEP ${seconds}`;

async function watched(settings: Parameters<typeof serve>[0] = {}) {
  return serve({ "enable-debug-command": "yes", "slowlog-log-slower-than": 10_000, ...settings });
}

describe("SLOWLOG", () => {
  it("names what took longer than allowed, the latest first, and forgets it on request", async () => {
    const { peer } = await watched();
    peer.ask("GET a", slept(0.02), "CLIENT SETNAME slow", slept(0.05));
    expect(peer.ask("SLOWLOG LEN")).to.equal(":2\r\n");
    const [latest = "", first = ""] = peer
      .ask("SLOWLOG GET")
      .split(/(?=\*6\r\n)/)
      .slice(1);
    expect(latest).to.match(/:5\d{4}\r\n\*3\r\n\$5\r\nDEBUG\r\n\$5\r\nSLEEP\r\n\$4\r\n0.05/);
    expect(latest).to.match(/slow\r\n$/);
    expect(first).to.match(/:2\d{4}\r\n/);
    expect(peer.ask("SLOWLOG GET 1").match(/\*6\r\n/g)).to.have.length(1);
    expect(peer.ask("SLOWLOG RESET", "SLOWLOG LEN")).to.equal("+OK\r\n:0\r\n");
  });

  it("keeps so many as it is told to, of them the latest", async () => {
    const { peer, server } = await watched({ "slowlog-max-len": 2 });
    peer.ask(slept(0.02), slept(0.03), slept(0.04));
    expect(peer.ask("SLOWLOG GET")).to.contain("0.04").and.contain("0.03").and.not.contain("0.02");
    server.config.set("slowlog-log-slower-than", -1);
    peer.ask("SLOWLOG RESET", slept(0.02));
    expect(peer.ask("SLOWLOG LEN")).to.equal(":0\r\n");
  });

  it("shows a command that had to wait when it is served, as its client sent it", async () => {
    const { peer, world } = await watched({ "slowlog-log-slower-than": 0 });
    const waiting = world.connect();
    waiting.ask("BLPOP list 0");
    expect(peer.ask("SLOWLOG GET")).to.not.contain("BLPOP");
    peer.ask("LPUSH list a");
    expect(peer.ask("SLOWLOG GET").match(/BLPOP\r\n\$4\r\nlist/g)).to.have.length(1);
  });

  it("tells no password", async () => {
    const { peer } = await watched({ "slowlog-log-slower-than": 0 });
    peer.ask("AUTH secret", "CONFIG SET requirepass hidden");
    expect(peer.ask("SLOWLOG GET")).to.not.contain("secret").and.not.contain("hidden");
  });
});

describe("LATENCY", () => {
  it("notes what held the server up, and when, while there is a threshold", async () => {
    const { peer, server, world } = await watched();
    peer.ask(slept(0.05));
    expect(peer.ask("LATENCY LATEST")).to.equal("*0\r\n");
    server.config.set("latency-monitor-threshold", 20);
    peer.ask(slept(0.01), slept(0.05));
    await world.pass(2000);
    peer.ask(slept(0.03));
    expect(peer.ask("LATENCY HISTORY command")).to.match(/^\*2\r\n\*2\r\n:\d+\r\n:50\r\n\*2\r\n:\d+\r\n:30\r\n$/);
    expect(peer.ask("LATENCY LATEST")).to.match(/^\*1\r\n\*4\r\n\$7\r\ncommand\r\n:\d+\r\n:30\r\n:50\r\n$/);
    expect(peer.ask("LATENCY RESET", "LATENCY LATEST")).to.equal(":1\r\n*0\r\n");
  });

  it("tells in words what it noted, or what to do that it notes something", async () => {
    const { peer, server } = await watched();
    expect(peer.ask("LATENCY DOCTOR")).to.contain("The latency monitor is off");
    server.config.set("latency-monitor-threshold", 20);
    expect(peer.ask("LATENCY DOCTOR")).to.contain("Nothing has held the server up for 20 ms or longer");
    peer.ask(slept(0.05));
    expect(peer.ask("LATENCY DOCTOR")).to.contain("command: latency noted once; 50 ms in the mean, 50 ms at most");
  });

  it("counts calls by the powers of two of their time", async () => {
    const { peer } = await watched();
    peer.ask(slept(0.05));
    expect(peer.ask("LATENCY HISTOGRAM debug")).to.match(/debug[\s\S]*calls\r\n:1\r\n[\s\S]*:65536\r\n:1\r\n/);
  });
});

describe("COMMAND", () => {
  it("tells what is done with each key", async () => {
    const { peer } = await serve();
    const flagsOf = (request: string) =>
      [
        ...peer
          .ask(`COMMAND GETKEYSANDFLAGS ${request}`)
          .matchAll(/(?<=\r\n)[+$]?\d*\r?\n?(k\d|OW|RW|RO|RM|access|update|insert|delete)(?=\r\n)/g),
      ]
        .map(([, word]) => word)
        .join(" ");
    expect(flagsOf("SET k1 v")).to.equal("k1 OW update");
    expect(flagsOf("MSET k1 v k2 v")).to.equal("k1 OW update k2 OW update");
    expect(flagsOf("LMOVE k1 k2 LEFT RIGHT")).to.equal("k1 RW access delete k2 RW insert");
    expect(flagsOf("SORT k1 STORE k2")).to.equal("k1 RO access k2 OW update");
    expect(flagsOf("UNLINK k1")).to.equal("k1 RM delete");
    expect(flagsOf("GET k1")).to.equal("k1 RO access");
  });
});
