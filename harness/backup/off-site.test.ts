import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { BackupFailed, BrokenBackup } from "./backup-world.ts";
import { checkBackup } from "./check-backup.ts";
import { OffSite, parseS3Url } from "./off-site.ts";
import { realFiles } from "./real-files.ts";

/** A local store of objects, which has no types of its own. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
const S3rverClass = createRequire(import.meta.url)("s3rver") as new (options: object) => S3rver;

const dump = "dump-20261122-235900.rdb";
const log = "aof-20261122-235900";
const sumOfHello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

describe("a copy of a backup elsewhere", function () {
  this.timeout(60_000);
  let folder: string;
  let server: S3rver;
  let offSite: OffSite;
  const credentials = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };
  const before_ = { ...process.env };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "off-site-"));
    const options = { port: 0, address: "127.0.0.1", silent: true, directory: path.join(folder, "objects") };
    server = new S3rverClass({ ...options, configureBuckets: [{ name: "nightly" }] });
    const { port } = await server.run();
    Object.assign(process.env, credentials);
    const place = parseS3Url("s3://nightly/redis/");
    if (place === undefined) throw new Error("no such place");
    offSite = await OffSite.open({ ...place, endpoint: `http://127.0.0.1:${port}` });
    mkdirSync(path.join(folder, "here", log), { recursive: true });
    const here = (name: string, text: string) => writeFileSync(path.join(folder, "here", name), text);
    here(dump, "hello");
    here(`${dump}.sha256`, `${sumOfHello}  ${dump}\n`);
    here(`${log}/appendonly.aof.manifest`, "hello");
    here(`${log}/appendonly.aof.1.incr.aof`, "hello");
    here(`${log}/SHA256SUMS`, `${sumOfHello}  appendonly.aof.1.incr.aof\n${sumOfHello}  appendonly.aof.manifest\n`);
  });

  after(async () => {
    offSite.close();
    await server.close();
    for (const name of Object.keys(credentials)) delete process.env[name];
    Object.assign(process.env, before_);
    rmSync(folder, { recursive: true, force: true });
  });

  for (const name of [dump, log]) {
    it(`brings back what was sent, as its checksums say: ${name}`, async () => {
      await offSite.send(path.join(folder, "here"), name);
      const again = mkdtempSync(path.join(folder, "again-"));
      await offSite.fetch(name, again);
      const { files } = await checkBackup(realFiles, path.join(again, name));
      expect([...files.values()]).to.deep.equal([...files].map(() => sumOfHello));
      expect(readdirSync(again)).to.include(name);
      const first = name === log ? `${log}/appendonly.aof.manifest` : dump;
      expect(readFileSync(path.join(again, first), "utf8")).to.equal("hello");
    });
  }

  it("is broken, and says so, when it was never sent to its end", async () => {
    const trouble = await offSite.fetch("dump-20260101-000000.rdb", folder).catch((error: unknown) => error);
    expect(trouble).to.be.instanceOf(BrokenBackup);
    expect((trouble as Error).message).to.equal("there is no s3://nightly/redis/dump-20260101-000000.rdb.sha256");
  });

  it("fails with the place and the reason where nobody listens, or there is no such bucket", async () => {
    const place = { bucket: "nobody", prefix: "", endpoint: "http://127.0.0.1:1" };
    const away = await OffSite.open(place);
    const trouble = await away.send(path.join(folder, "here"), dump).catch((error: unknown) => error);
    away.close();
    expect(trouble).to.be.instanceOf(BackupFailed);
    expect((trouble as Error).message).to.match(/^s3:\/\/nobody\/dump-20261122-235900\.rdb: .*ECONNREFUSED/);
  });

  it("has an address of the form s3://bucket/prefix", () => {
    expect(parseS3Url("s3://nightly")).to.deep.equal({ bucket: "nightly", prefix: "" });
    for (const text of ["s3://", "s3:/nightly", "http://nightly/x", "s3://Up/x"]) {
      expect(parseS3Url(text), text).to.equal(undefined);
    }
  });
});
