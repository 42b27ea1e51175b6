import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { readCompose, shellWords } from "./compose.ts";
import { BadFile } from "./problem.ts";

const classic = `services:
  redis:
    image: redis:7-alpine
    restart: always
    command: >
      --save 900 1 --save 300 10 --save 60 10000
      --appendonly yes --appendfsync everysec
      --auto-aof-rewrite-percentage 100 --auto-aof-rewrite-min-size 64mb
      --aof-use-rdb-preamble yes
    volumes:
      - data:/data
volumes:
  data:
`;

const directivesOfClassic = [
  ["save", "900", "1"],
  ["save", "300", "10"],
  ["save", "60", "10000"],
  ["appendonly", "yes"],
  ["appendfsync", "everysec"],
  ["auto-aof-rewrite-percentage", "100"],
  ["auto-aof-rewrite-min-size", "64mb"],
  ["aof-use-rdb-preamble", "yes"],
];

describe("a service of a compose file", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-test-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const read = (text: string, service?: string, environment: NodeJS.ProcessEnv = {}) => {
    const file = path.join(folder, "compose.yaml");
    writeFileSync(file, text);
    return readCompose(file, service, environment);
  };

  const withCommand = (command: string) => `services:\n  s:\n    image: redis:7\n    command: ${command}\n`;

  const problemOf = (text: string, service?: string, environment?: NodeJS.ProcessEnv) => {
    try {
      read(text, service, environment);
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      const [problem] = error.problems;
      return `${problem?.line}:${problem?.column}: ${problem?.message}`;
    }
    return "no problem";
  };

  it("gives the flags of the block that most people deploy, in their order", () => {
    const { image, service, directives, leftOut, program } = read(classic);
    expect({ image, service, leftOut, program }).to.deep.equal({
      image: "redis:7-alpine",
      service: "redis",
      leftOut: [],
      program: undefined,
    });
    expect(directives).to.deep.equal(directivesOfClassic);
  });

  it("reads the same from a list, a quoted text, and behind the program or the entrypoint", () => {
    for (const command of [
      '["redis-server", "--save", "900", "1", "--appendonly", "yes"]',
      '"redis-server --save 900 1 --appendonly yes"',
      "docker-entrypoint.sh redis-server --save '900 1' --appendonly yes",
      '["/usr/local/bin/redis-server", "--save", "900 1", "--appendonly", "yes"]',
    ]) {
      const { directives, program } = read(withCommand(command));
      expect(directives, command).to.deep.equal([
        ["save", "900", "1"],
        ["appendonly", "yes"],
      ]);
      expect(program).to.equal("redis-server");
    }
    expect(read(withCommand('redis-server --save ""')).directives).to.deep.equal([["save", ""]]);
    expect(read("services:\n  s:\n    image: redis:7\n").directives).to.deep.equal([]);
  });

  it("takes from the environment, from .env and from defaults what the file leaves to them", () => {
    const text = withCommand(`--appendfsync \${FSYNC:-everysec} --appendonly $LOG --loglevel "a$$b\${X+c}"`);
    writeFileSync(path.join(folder, ".env"), "LOG=no\n");
    expect(read(text).directives).to.deep.equal([
      ["appendfsync", "everysec"],
      ["appendonly", "no"],
      ["loglevel", "a$b"],
    ]);
    expect(read(text, "s", { FSYNC: "always", LOG: "yes", X: "" }).directives).to.deep.equal([
      ["appendfsync", "always"],
      ["appendonly", "yes"],
      ["loglevel", "a$bc"],
    ]);
  });

  it("follows anchors and merged keys", () => {
    const text = `x-redis: &redis\n  image: redis:7\n  command: ["--appendonly", "yes"]\nservices:\n  a:\n    <<: *redis\n  b:\n    <<: *redis\n    image: valkey/valkey:8\n`;
    expect(read(text, "b")).to.deep.include({ image: "valkey/valkey:8", directives: [["appendonly", "yes"]] });
  });

  it("leaves out where the store lives, and says so", () => {
    const { directives, leftOut } = read(withCommand("--port 7000 --requirepass x --appendonly yes --dir /data"));
    expect(directives).to.deep.equal([["appendonly", "yes"]]);
    expect(leftOut).to.deep.equal(["port", "requirepass", "dir"]);
  });

  it("reads a config file that is bound from this machine, and flags after it", () => {
    writeFileSync(path.join(folder, "redis.conf"), '# ours\nappendonly yes\nsave ""\n');
    const text = (volume: string) =>
      `services:\n  s:\n    image: redis:7\n    command: redis-server /etc/redis/redis.conf --appendfsync always\n    volumes:\n      - ${volume}\n`;
    for (const volume of [
      "./redis.conf:/etc/redis/redis.conf:ro",
      "./:/etc/redis",
      "{ type: bind, source: ./redis.conf, target: /etc/redis/redis.conf }",
    ]) {
      expect(read(text(volume)).directives, volume).to.deep.equal([
        ["appendonly", "yes"],
        ["save", ""],
        ["appendfsync", "always"],
      ]);
    }
    expect(problemOf(text("conf:/etc/redis"))).to.match(
      /^4:14: \/etc\/redis\/redis.conf is in no volume that is bound/,
    );
  });

  it("names the place of what it cannot use, and guesses nothing", () => {
    expect(problemOf(classic, "redsi")).to.match(/^2:3: there is no service redsi: .*redis/);
    expect(problemOf("services:\n  a: { image: x }\n  b: { image: x }\n")).to.equal(
      "2:3: name one with --service: a, b",
    );
    expect(problemOf("services:\n  a:\n    build: .\n")).to.match(/^3:5: image is missing/);
    expect(problemOf("services:\n  a:\n    image: [x]\n")).to.match(
      /^3:12: expected an image, like redis:7-alpine, found/,
    );
    expect(problemOf(withCommand("{ run: redis }"))).to.match(/^4:14: expected a text or a list of words/);
    expect(problemOf(withCommand("sh -c 'redis-server'"))).to.match(
      /^4:14: expected redis-server or valkey-server .*found sh/,
    );
    expect(problemOf(withCommand("--save '900 1"))).to.equal("4:14: a quote is opened and not closed");
    expect(problemOf(withCommand(`["--appendfsync", "\${FSYNC}"]`))).to.equal(
      "4:32: FSYNC is not set, and has no default",
    );
    expect(problemOf(withCommand(`--appendfsync \${FSYNC:?say which}`))).to.equal("4:14: FSYNC is not set: say which");
    expect(problemOf(withCommand(`--appendfsync \${}`))).to.match(/^4:14: expected \$\{NAME\} behind \$/);
    expect(problemOf("services:\n  a:\n    image: x\n    entrypoint: /run.sh\n")).to.match(
      /^4:17: it has an entrypoint/,
    );
    expect(problemOf("services: 7\n")).to.match(/^1:11: expected services by name, found 7/);
    expect(problemOf("a: 1\n")).to.match(/services is missing/);
  });

  it("splits words as a shell does", () => {
    expect(shellWords(`a  "b c" 'd "e"' f\\ g "" h"i"'j' "k\\"l" \\\nm`)).to.deep.equal([
      ...["a", "b c", 'd "e"', "f g", "", "hij", 'k"l', "m"],
    ]);
    expect(shellWords('a "b')).to.equal(undefined);
  });
});
