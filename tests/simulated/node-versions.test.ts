import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const main = fileURLToPath(new URL("digest-main.js", import.meta.url));
/** As far from the oldest that it runs on as there is. All of them: npm run nodes. */
const newest = "26";
const patienceMs = 60_000;

describe("another version of Node", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "node-version-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it(`makes the same recordings, byte for byte: ${newest}`, function () {
    this.timeout(0);
    const name = `node-${process.platform}-${process.arch}`;
    const args = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, `${name}@${newest}`];
    const { status, error, stderr } = spawnSync("npm", args, { encoding: "utf8", timeout: patienceMs });
    if (status !== 0) {
      // A registry that is away for a moment is no fault of the store: said, also under CI.
      console.log(
        `      skipped: Node ${newest} cannot be had from npm: ${error?.message ?? stderr.trim().split("\n").at(-1)}`,
      );
      this.skip();
    }
    const node = path.join(folder, "node_modules", name, "bin", "node");
    expect(execFileSync(node, ["--version"], { encoding: "utf8" })).to.match(new RegExp(`^v${newest}\\.`));
    const digests = (by: string) =>
      execFileSync(by, [main, "any Node", "always", "rdb-only", "everysec:3"], { encoding: "utf8" }).trim().split("\n");
    const there = digests(node);
    expect(there).to.have.length(3);
    expect(there).to.deep.equal(digests(process.execPath));
  });
});
