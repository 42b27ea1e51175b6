import { expect } from "chai";
import { FakeDisk } from "../../tests/worlds/fake-disk.ts";
import { type Served, serve } from "../../tests/worlds/served.ts";
import { sha256 } from "../codec/sha256.ts";
import type { Settings } from "../config/config.ts";
import { rewriteConfig } from "../config/rewrite-config.ts";
import { AclError } from "./acl-error.ts";

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

/** A client of its own, logged in as a user with these rules. */
async function loggedIn(rules: string, settings: Partial<Settings> = {}) {
  const served: Served = await serve(settings);
  expect(served.peer.ask(`ACL SETUSER alice on nopass ${rules}`)).to.equal("+OK\r\n");
  const alice = served.world.connect();
  expect(alice.ask("AUTH alice any")).to.equal("+OK\r\n");
  return { ...served, alice };
}

async function commandsOf(rules: string): Promise<string | undefined> {
  const { server } = await loggedIn(rules);
  return server.users.find("alice")?.selectors()[0].describe().commands;
}

describe("users", () => {
  it("the only one there is may do everything, and nobody looks", async () => {
    const { peer, server } = await serve();
    expect(peer.ask("ACL WHOAMI", "ACL USERS")).to.equal(`${bulk("default")}*1\r\n${bulk("default")}`);
    expect(peer.ask("ACL LIST")).to.equal(`*1\r\n${bulk("user default on nopass ~* &* +@all")}`);
    expect(server.users.default.isUnlimited).to.equal(true);
  });

  it("log in with one of their passwords, when they are on", async () => {
    const { peer } = await serve();
    peer.ask("ACL SETUSER bob >one >two");
    expect(peer.ask("AUTH bob one")).to.match(/^-WRONGPASS/);
    peer.ask("ACL SETUSER bob on +acl");
    expect(peer.ask("AUTH bob one", "AUTH bob two", "AUTH bob three")).to.match(/^\+OK\r\n\+OK\r\n-WRONGPASS/);
    peer.ask("ACL SETUSER bob <one");
    expect(peer.ask("AUTH bob one")).to.match(/^-WRONGPASS/);
    expect(peer.ask("ACL WHOAMI")).to.equal(bulk("bob"));
  });

  it("a new one may do nothing", async () => {
    const { alice } = await loggedIn("resetkeys");
    expect(alice.ask("GET a")).to.equal("-NOPERM this user has no permissions to run the 'get' command\r\n");
    expect(alice.ask("ACL WHOAMI")).to.match(/^-NOPERM/);
  });

  const rules: readonly (readonly [rules: string, shown: string])[] = [
    ["+@all", "+@all"],
    ["+get +get -set", "-@all +get"],
    ["+@all -client|kill", "+@all -client|kill"],
    ["+memory|doctor +memory", "-@all +memory"],
    ["+memory|doctor +@all +client|id", "+@all"],
    ["+@all -client +client|id", "+@all -client +client|id"],
    ["+@string -incr +select|0 +select|1", "-@all +@string -incr +select|0 +select|1"],
    ["+select|0 +select", "-@all +select"],
    ["+@scripting +eval -debug +debug|anything", "-@all +@scripting +debug|anything"],
    ["+script|load +memory|stats", "-@all +script|load +memory|stats"],
  ];
  for (const [given, shown] of rules) {
    it(`${given} comes to ${shown}`, async () => {
      expect(await commandsOf(given)).to.equal(shown);
    });
  }

  it("what is shown of a user makes the same user again", async () => {
    const { peer, server } = await serve();
    peer.ask("ACL SETUSER a on >x ~foo:* %R~bar %W~baz &news +@read -get +select|2 +config|get (%R~k +get) (&c -@all)");
    const shown = server.users.find("a")?.rules() ?? "";
    expect(peer.ask(`ACL SETUSER b reset ${shown}`)).to.equal("+OK\r\n");
    expect(server.users.find("b")?.rules()).to.equal(shown);
  });

  it("keys are allowed by patterns, to be read, to be changed, or both", async () => {
    const { alice } = await loggedIn("+@all ~both:* %R~read:* %W~write:*");
    const denied = "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n";
    expect(alice.ask("SET both:1 1", "GET read:1", "LPUSH write:1 x")).to.equal("+OK\r\n$-1\r\n:1\r\n");
    for (const line of [
      "GET write:1",
      "SET read:1 x",
      "SET write:1 x GET",
      "MGET both:1 other",
      "COPY write:1 both:2",
    ]) {
      expect(alice.ask(line), line).to.equal(denied);
    }
    expect(alice.ask("COPY read:1 write:2", "STRLEN write:3", "BITFIELD read:1 GET u4 0")).to.equal(
      ":0\r\n:0\r\n*1\r\n:0\r\n",
    );
  });

  it("selectors allow as a whole, or not at all", async () => {
    const { alice } = await loggedIn("(+get ~a*) ( +set ~b* )");
    expect(alice.ask("GET a", "SET b 1")).to.equal("$-1\r\n+OK\r\n");
    expect(alice.ask("SET a 1", "GET b")).to.match(/^-NOPERM.*keys.*\r\n-NOPERM.*keys/);
    expect(alice.ask("DEL a")).to.match(/^-NOPERM.*'del'/);
  });

  it("channels are allowed by patterns, and a pattern only as it stands", async () => {
    const { alice } = await loggedIn("+@pubsub resetchannels &news:* &x");
    expect(alice.ask("PUBLISH news:1 m", "PUBLISH y m")).to.match(/^:0\r\n-NOPERM.*channels/);
    expect(alice.ask("PSUBSCRIBE news:1")).to.match(/^-NOPERM/);
    expect(alice.ask("PSUBSCRIBE news:*")).to.match(/psubscribe/);
  });

  it("who listens to what is no longer allowed is thrown out", async () => {
    const { alice, peer } = await loggedIn("+@pubsub &news &more");
    alice.ask("SUBSCRIBE news");
    peer.ask("ACL SETUSER alice resetchannels &news");
    expect(alice.isClosed).to.equal(false);
    peer.ask("ACL SETUSER alice resetchannels &more");
    expect(alice.isClosed).to.equal(true);
  });

  it("rights are asked when a transaction is queued, and again when it runs", async () => {
    const { alice, peer } = await loggedIn("+@all -incr ~*");
    alice.ask("MULTI");
    expect(alice.ask("INCR a", "EXEC")).to.match(/^-NOPERM.*\r\n-EXECABORT/);
    alice.ask("MULTI", "SET a 1");
    peer.ask("ACL SETUSER alice -set");
    expect(alice.ask("EXEC")).to.match(/^\*1\r\n-NOPERM ACLs rules changed.*no permission to execute the command/);
    expect(peer.ask("EXISTS a")).to.equal(":0\r\n");
  });

  it("a user that is deleted is thrown out, and RESET makes a connection the default user's again", async () => {
    const { alice, peer } = await loggedIn("+@all ~*");
    expect(alice.ask("RESET", "ACL WHOAMI")).to.equal(`+RESET\r\n${bulk("default")}`);
    alice.ask("AUTH alice any");
    expect(peer.ask("ACL DELUSER alice nobody", "ACL DELUSER default")).to.match(/^:1\r\n-ERR The 'default' user/);
    expect(alice.isClosed).to.equal(true);
  });

  it("where the default user is off or has a password, everybody logs in first", async () => {
    const { peer, world } = await serve();
    peer.ask("ACL SETUSER alice on >secret +@all ~*", "ACL SETUSER default off");
    const stranger = world.connect();
    expect(stranger.ask("GET a", "AUTH alice secret", "GET a")).to.equal(
      "-NOAUTH Authentication required.\r\n+OK\r\n$-1\r\n",
    );
  });

  it("requirepass is the password of the default user", async () => {
    const { peer, server, world } = await serve({ requirepass: "word" });
    expect(peer.ask("GET a", "AUTH word", "GET a")).to.match(/^-NOAUTH.*\r\n\+OK\r\n\$-1/);
    server.config.set("requirepass", "");
    expect(world.connect().ask("GET a")).to.equal("$-1\r\n");
  });

  it("SORT with patterns needs the right to read all keys", async () => {
    const { alice, peer } = await loggedIn("(+sort ~list)");
    peer.ask("RPUSH list 1");
    expect(alice.ask("SORT list", "SORT list BY v*")).to.match(/^\*1\r\n\$1\r\n1\r\n-ERR BY option of SORT denied/);
    peer.ask("ACL SETUSER alice (+sort ~list %R~*)");
    expect(alice.ask("SORT list BY v* GET v*")).to.equal("*1\r\n$-1\r\n");
  });

  it("a rule that cannot be changes nothing, and is named", async () => {
    const { peer, server } = await serve();
    peer.ask("ACL SETUSER alice on +get");
    for (const rule of [
      "+nosuch",
      "+@nosuch",
      "blah",
      "#12",
      "<x",
      "%X~a",
      "+config|get|x",
      "+config|nosuch",
      "-get|a",
      "(+x)",
    ]) {
      expect(peer.ask(`ACL SETUSER alice off ${rule}`), rule).to.contain(`Error in ACL SETUSER modifier '${rule}': `);
    }
    expect(peer.ask("ACL SETUSER alice (+get")).to.match(/Unmatched parenthesis/);
    expect(peer.ask("ACL SETUSER alice ~* ~a")).to.match(/Try 'resetkeys'/);
    expect(server.users.find("alice")?.rules()).to.equal("on resetchannels -@all +get");
  });

  it("what was denied is noted, the same thing again is counted", async () => {
    const { alice, peer } = await loggedIn("+get ~a");
    alice.ask("GET b", "GET b", "SET a 1", "AUTH alice", "AUTH bob x");
    const log = peer.ask("ACL LOG");
    expect(log).to.match(/^\*3\r\n/);
    expect(
      [...log.matchAll(/count\r\n:(\d+)\r\n\$6\r\nreason\r\n\$\d+\r\n(\w+)/g)].map(([, count, why]) => [count, why]),
    ).to.deep.equal([
      ["1", "auth"],
      ["1", "command"],
      ["2", "key"],
    ]);
    expect(peer.ask("ACL LOG RESET", "ACL LOG")).to.equal("+OK\r\n*0\r\n");
  });

  it("DRYRUN tells without doing", async () => {
    const { peer } = await loggedIn("+@all %R~read ~rw");
    expect(peer.ask("ACL DRYRUN alice SET rw 1")).to.equal("+OK\r\n");
    expect(peer.ask("ACL DRYRUN alice SET read 1")).to.equal(
      bulk("This user has no permissions to access the 'read' key"),
    );
    expect(peer.ask("ACL DRYRUN alice SORT read STORE rw", "EXISTS rw")).to.equal("+OK\r\n:0\r\n");
  });

  it("passwords stand nowhere but as hashes, and not in the slow log", async () => {
    const { peer } = await serve({ "slowlog-log-slower-than": 0 });
    peer.ask("ACL SETUSER alice on >secret");
    expect(peer.ask("SLOWLOG GET", "ACL LIST", "ACL GETUSER alice")).to.not.contain("secret");
    expect(peer.ask("ACL GENPASS 5")).to.equal(bulk("ab"));
    expect(peer.ask("ACL GENPASS 5000")).to.match(/^-ERR ACL GENPASS argument/);
  });
});

describe("where users are kept", () => {
  it("ACL SAVE writes the file that ACL LOAD and a start read", async () => {
    const disk = new FakeDisk("/d");
    disk.put("/d/users.acl", "user alice on nopass +get ~a*\n\n# a remark\n");
    const { peer, world } = await serve({ aclfile: "users.acl" }, disk);
    const alice = world.connect();
    expect(alice.ask("AUTH alice x", "GET a1")).to.equal("+OK\r\n$-1\r\n");
    expect(peer.ask("ACL SETUSER bob on >x (+@read ~b)", "ACL SAVE")).to.equal("+OK\r\n+OK\r\n");
    const saved = peer.ask("ACL LIST");
    expect((await serve({ aclfile: "users.acl" }, disk.killed())).peer.ask("ACL LIST")).to.equal(saved);
    disk.put("/d/users.acl", "user alice on nopass +get\nuser alice off\n");
    expect(peer.ask("ACL LOAD")).to.match(/^-ERR Duplicate user 'alice' found/);
    disk.put("/d/users.acl", "user carol on nopass\nuser x +nosuch\n");
    expect(peer.ask("ACL LOAD")).to.match(/^-ERR users.acl:2: .*Unknown command/);
    expect(peer.ask("ACL LIST")).to.equal(saved);
    disk.put("/d/users.acl", "user carol on nopass\n");
    expect(peer.ask("ACL LOAD", "ACL USERS")).to.equal(`+OK\r\n*2\r\n${bulk("carol")}${bulk("default")}`);
    expect(alice.isClosed).to.equal(true);
  });

  it("lines of the configuration make users, and CONFIG REWRITE writes them back", async () => {
    const user = [
      ["default", "on", "nopass", "~*", "&*", "+@all", "-flushdb"],
      ["alice", "on", ">x", "(~k", "+get)"],
    ];
    const { peer, server } = await serve({ user });
    expect(peer.ask("FLUSHDB")).to.match(/^-NOPERM/);
    peer.ask("ACL SETUSER alice +set");
    const text = rewriteConfig("user default on nopass ~* +@all\n", server.config, "what is set");
    expect(text).to.match(/^user alice on #[0-9a-f]{64} resetchannels -@all \+set \(~k resetchannels -@all \+get\)$/m);
    expect(text).to.match(/^user default on nopass ~\* &\* \+@all -flushdb$/m);
  });

  it("what CONFIG REWRITE writes of the default user follows requirepass", async () => {
    const { peer, server } = await serve();
    peer.ask("ACL SETUSER alice on", "CONFIG SET requirepass word");
    const text = rewriteConfig("", server.config, "what is set");
    expect(text).to.contain(`user default on #${sha256("word")} ~* &* +@all\n`);
    expect(text).to.contain('requirepass "word"\n');
  });

  it("a start with a user named twice, or with both places, does not succeed", async () => {
    for (const settings of [{ user: [["a"], ["a"]] }, { user: [["a"]], aclfile: "x" }, { aclfile: "nosuch" }]) {
      let error: unknown;
      await serve(settings).catch((thrown: unknown) => {
        error = thrown;
      });
      expect(error).to.be.instanceOf(AclError);
    }
  });
});
