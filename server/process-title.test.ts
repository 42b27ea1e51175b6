import { expect } from "chai";
import { serve } from "../tests/worlds/served.ts";

describe("the title of the process", () => {
  it("tells what it is and where it listens, as the template has it", async () => {
    const { world, peer } = await serve({ port: 7000, unixsocket: "/d/s" });
    expect(world.titles).to.deep.equal(["lossbound-server 127.0.0.1:7000"]);
    peer.write(`*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$19\r\nproc-title-template\r\n$22\r\n{port} {unixsocket} x.\r\n`);
    expect(peer.take()).to.equal("+OK\r\n");
    expect(world.titles.at(-1)).to.equal("7000 /d/s x.");
  });

  it("is left alone where that is wanted", async () => {
    const { world } = await serve({ "set-proc-title": false });
    expect(world.titles).to.deep.equal([]);
  });

  it("a template with what there is not is refused", async () => {
    const { peer, world } = await serve();
    for (const template of ["{invalid-var}", "{title", "}{"]) {
      expect(peer.ask(`CONFIG SET proc-title-template ${template}`), template).to.contain("template format is invalid");
    }
    expect(world.titles).to.have.length(1);
  });
});
