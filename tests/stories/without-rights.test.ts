/**
 * Machines and users that cannot do everything: what needs more says so with exit 3, at once, with the reason and what to do;
 * what works without root works, and leaves as little behind.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { packageFolder } from "../../harness/package.ts";
import { missing, needExecutable } from "../needs.ts";

const main = path.join(packageFolder(), "dist/harness/cli/main.js");

/** A user like any other, to whom the files of whoever runs the tests belong. */
const asUser = ["unshare", "--user", "--map-user=1000", "--map-group=1000"];

const withoutFuse = `
  mount -t tmpfs none /dev && mkdir /dev/shm
  mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9 && mknod -m 666 /dev/random c 1 8
  exec "$@"`;

describe("without all rights", function () {
  this.timeout(240_000);
  let out: string;
  beforeEach(function () {
    needExecutable(this, "unshare");
    if (process.getuid?.() !== 0) missing(this, "only root may play other users");
    out = mkdtempSync(path.join(tmpdir(), "rights-"));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  /** In a program that stands between, as a user of another kind. */
  function lossbound(between: readonly string[], ...words: string[]) {
    const [command = "", ...before] = between;
    const args = [...before, process.execPath, main, ...words, "--out", out];
    return spawnSync(command, args, { encoding: "utf8", env: { ...process.env, TMPDIR: out } });
  }

  for (const words of [
    ["explore", "power-cut/always"],
    ["run", "disk-fault/full"],
  ]) {
    it(`${words.join(" ")} says that there is no /dev/fuse, how to get it, and judges nothing`, () => {
      const { status, stdout, stderr } = lossbound(["unshare", "--mount", "sh", "-c", withoutFuse, "sh"], ...words);
      expect(stderr).to.match(/there is no \/dev\/fuse\. In a container, start it with --device \/dev\/fuse/);
      expect(status).to.equal(3);
      expect(stdout).to.equal("");
    });
  }

  it("a real file system is refused to who may not mount one", () => {
    const { status, stderr } = lossbound(asUser, "explore", "power-cut/everysec", "--filesystem", "ext4");
    expect(stderr).to.match(/mounting a file system needs root\. Run it as root\./);
    expect(status).to.equal(3);
  });

  it("a volume that a container could see takes root, and an executable's does not", () => {
    const [command = "", ...before] = asUser;
    const module = path.join(packageFolder(), "dist/harness/fuse/recorded-volume.js");
    const script = `
      const { RecordedVolume } = await import(${JSON.stringify(module)});
      const made = await RecordedVolume.create(${JSON.stringify(out)}, { exposed: true }).catch(({ message }) => message);
      console.log(made);`;
    const args = [...before, process.execPath, "--input-type=module", "-e", script];
    expect(execFileSync(command, args, { encoding: "utf8" })).to.match(
      /needs root\. Run lossbound as root; the store's executable works without\./,
    );
  });

  it("the power of an executable is cut, and nothing is left but the result", function () {
    const redis = needExecutable(this, "redis-server");
    const { status, stderr } = lossbound(
      asUser,
      ...["explore", "power-cut/rdb-only", "--target", redis, "--time", "20s"],
    );
    expect(status, stderr).to.equal(0);
    const outcome = JSON.parse(readFileSync(path.join(out, "power-cut-rdb-only", "latest", "outcome.json"), "utf8"));
    expect(outcome.runs[0].crashStates.judged).to.be.greaterThan(20);
    expect(readdirSync(out)).to.have.members(["history.jsonl", "latest", "power-cut-rdb-only"]);
  });

  it("no mount, process or folder of a recorded volume outlives it either", () => {
    const suite = path.join(packageFolder(), "tools/test.mjs");
    const [command = "", ...before] = asUser;
    // Two of its tests are root's, and would fail where nothing may be missing.
    const { CI: _, ...env } = process.env;
    const args = [...before, process.execPath, suite, "harness/fuse/leftovers.test.ts"];
    expect(execFileSync(command, args, { encoding: "utf8", env })).to.match(/^5 passed, 0 failed, 2 skipped$/m);
  });
});
