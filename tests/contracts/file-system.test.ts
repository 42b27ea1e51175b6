/**
 * A file system does what stores rely on: one suite, held against this machine's own disk, against a recorded volume, and
 * against one that a user without privileges has made.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import type { Image } from "../../harness/disk/image.ts";
import { replayPlainly } from "../file-system/plain-replay.ts";
import { fileSystemPromises } from "../file-system/promises.ts";
import type { PromiseResult } from "../file-system/promises-main.ts";
import { missing, needExecutable } from "../needs.ts";
import { RecordedGround } from "../recorded/ground.ts";

const programs = new URL("../", import.meta.url);
const promisesMain = fileURLToPath(new URL("file-system/promises-main.js", programs));
const unprivilegedMain = fileURLToPath(new URL("recorded/unprivileged-main.js", programs));
const projectRoot = fileURLToPath(new URL("../../../", import.meta.url));
const patienceMs = 60_000;
const limits = { timeout: patienceMs, killSignal: "SIGKILL" } as const;

function resultsIn(stdout: string): Map<string, PromiseResult> {
  const results = stdout.split("\n").map((line) => JSON.parse(line) as PromiseResult);
  return new Map(results.map((result) => [result.name, result]));
}

function keepsAllPromises(
  run: (context: Mocha.Context, seed: string) => Promise<string>,
  further: readonly string[] = [],
) {
  const seed = randomBytes(4).toString("hex");
  let results: Map<string, PromiseResult>;

  before(async function () {
    this.timeout(patienceMs);
    results = resultsIn(await run(this, seed));
  });

  for (const name of [...fileSystemPromises.map((promise) => promise.name), ...further]) {
    it(name, function () {
      const result = results.get(name);
      if (result?.missing !== undefined) missing(this, `${result.missing} is not installed`);
      expect(result).to.deep.equal({ name });
    });
  }
}

describe("this machine's disk, as a file system", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "lossbound-test-"));
  after(() => rmSync(folder, { recursive: true }));

  keepsAllPromises(async (_, seed) => (await execa(process.execPath, [promisesMain, folder, seed], limits)).stdout);
});

describe("a recorded volume, as a file system", () => {
  let ground: RecordedGround;

  after(async () => {
    await ground.clear();
  });

  keepsAllPromises(async (context, seed) => {
    ground = await RecordedGround.create(context);
    const line = ground.volume.enter(process.execPath, [promisesMain, ground.volume.dir, seed]);
    return (await execa(line.command, line.args, limits)).stdout;
  });

  it("has a journal that leads exactly to what is on it", async () => {
    const journal = await ground.volume.journal();
    try {
      const image = await ground.volume.image();
      expect([...image.keys()].length).to.be.greaterThan(fileSystemPromises.length);
      expect(digestsOf(replayPlainly(journal))).to.deep.equal(digestsOf(image));
    } finally {
      journal.close();
    }
  });
});

describe("a recorded volume of a user without privileges, as a file system", () => {
  let folder: string;

  after(() => rmSync(folder, { recursive: true, force: true }));

  keepsAllPromises(
    async (context, seed) => {
      folder = mkdtempSync(path.join(os.tmpdir(), "lossbound-test-"));
      if (process.getuid?.() !== 0)
        missing(context, "only root may become another user; the suite above is of this one");
      // For this program alone: a /dev/fuse that everybody may open, and the project where everybody can reach it.
      const script = `
        mknod "$1/fuse" c 10 229 && chmod 666 "$1/fuse" && mount --bind "$1/fuse" /dev/fuse &&
        mkdir "$1/project" && mount --bind "$2" "$1/project" && cd "$1/project" &&
        exec setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR="$1" "$3" "$1/project/$4" "$1" "$5"`;
      needExecutable(context, "setpriv");
      chmodSync(folder, 0o777);
      const program = path.relative(projectRoot, unprivilegedMain);
      const args = ["--mount", "sh", "-c", script, "sh", folder, projectRoot, process.execPath, program, seed];
      return (await execa("unshare", args, limits)).stdout;
    },
    ["a process is killed at an exact operation"],
  );
});

function digestsOf(image: Image): readonly string[] {
  return [...image].map(([path, node]) => {
    if (node.kind === "directory") return `${path}/`;
    return `${path} ${node.bytes.length} ${createHash("sha256").update(node.bytes).digest("hex")}`;
  });
}
