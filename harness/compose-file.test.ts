import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../scenarios/catalogue.ts";
import { BadCompose, readCompose } from "./compose-file.ts";
import { packageFolder } from "./package.ts";

const shipped = path.join(packageFolder(), "docker/compose.yaml");

describe("a service of a compose file", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "compose-"));
  const file = path.join(folder, "compose.yaml");
  after(() => rmSync(folder, { recursive: true }));
  const read = (text: string, service = "db", environment = {}) => {
    writeFileSync(file, text);
    return readCompose(file, service, environment);
  };
  const trouble = (text: string, service = "db"): string => {
    try {
      read(text, service);
    } catch (error) {
      if (error instanceof BadCompose) return error.message;
      throw error;
    }
    return "none";
  };

  it("that ships is redis:7-alpine with the block that everybody copies, which is what the preset hybrid promises", () => {
    const { image, preset } = readCompose(shipped, "redis", {});
    const hybrid = new Catalogue().preset("hybrid");
    expect(image).to.equal("redis:7-alpine");
    expect(preset.directives).to.deep.equal(hybrid.directives);
    expect(preset.promise.row).to.equal(hybrid.promise.row);
    expect(readCompose(shipped, "lossbound-server", {}).preset.directives).to.deep.equal(hybrid.directives);
  });

  it("may give its command as words or as a text, with quotes and variables", () => {
    const asText = read(
      `services: { db: { image: "redis:\${TAG:-7}", command: 'redis-server --save "" --appendonly \${LOG}' } }`,
      "db",
      { LOG: "yes" },
    );
    const asWords = read(
      'services: { db: { image: redis:7, command: [redis-server, --save, "", --appendonly, "yes"] } }',
    );
    expect(asText.image).to.equal("redis:7");
    for (const { preset } of [asText, asWords]) {
      expect(preset.directives).to.deep.equal([
        ["save", ""],
        ["appendonly", "yes"],
      ]);
    }
  });

  it("promises what its directives promise", () => {
    const rowOf = (flags: string) =>
      read(`services: { db: { image: i, command: redis-server ${flags} } }`).preset.promise.row;
    expect(rowOf("--appendonly yes")).to.equal("everysec");
    expect(rowOf("--appendonly yes --appendfsync always")).to.equal("always");
    expect(rowOf("--appendonly yes --appendfsync no")).to.equal("os-decides");
    expect(rowOf("--appendonly yes --no-appendfsync-on-rewrite yes")).to.equal("everysec-no-fsync-on-rewrite");
    expect(rowOf("--save 60 1")).to.equal("rdb-only");
    expect(rowOf("")).to.equal("rdb-only");
    expect(rowOf(`--save ''`)).to.equal("none");
  });

  it("is refused, with the reason, where its config cannot be known", () => {
    expect(trouble("services: { web: { image: i } }")).to.equal(`${file} has no service db: it has web`);
    expect(trouble("services: { db: { build: . } }")).to.match(/it names no image/);
    expect(trouble("services: { db: { image: i, entrypoint: /run.sh } }")).to.match(/entrypoint of its own/);
    expect(trouble("services: { db: { image: i, command: redis-server /etc/redis.conf } }")).to.match(
      /what is in \/etc\/redis\.conf cannot be known/,
    );
    expect(trouble("a: [")).to.match(/compose\.yaml: /);
    expect(trouble("version: 3")).to.match(/is no compose file/);
    expect(() => readCompose(path.join(folder, "none"), "db", {})).to.throw(BadCompose, /cannot be read/);
  });
});
