/**
 * The images that ship, built on a base of this machine's own files and run: no registry is asked. lossbound in a
 * container kills, cuts power where FUSE is granted, and says so where it is not; a night from a compose file runs
 * against containers, and leaves none.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { packageFolder } from "../../harness/package.ts";
import { type Outcome, outcomeSchema } from "../../reports/outcome.ts";
import { layContext } from "../image-context.ts";
import { makeBaseImage, makeRedisImage, removeImage } from "../local-image.ts";
import { needContainerEngine, needExecutable } from "../needs.ts";

const commands = ["sh", "env", "mkdir", "chown", "chmod", "ln", "mount", "umount", "unshare", "nsenter", "sync"];
const granted = [
  "--user",
  "0",
  "--device",
  "/dev/fuse",
  "--cap-add",
  "SYS_ADMIN",
  "--security-opt",
  "apparmor=unconfined",
];
const main = path.join(packageFolder(), "dist/harness/cli/main.js");

describe("the images in docker/", function () {
  this.timeout(600_000);
  const folder = mkdtempSync(path.join(tmpdir(), "images-"));
  const made: string[] = [];
  let lossbound: string;
  let server: string;
  let redis: string;

  before(function () {
    needContainerEngine(this);
    const redisServer = needExecutable(this, "redis-server");
    const base = keep(makeBaseImage(commands.map((name) => needExecutable(this, name))));
    const context = path.join(folder, "context");
    mkdirSync(context);
    layContext(context);
    lossbound = build(context, "docker/Dockerfile", base);
    server = build(context, "docker/server.Dockerfile", base);
    redis = keep(makeRedisImage(redisServer));
  });

  after(() => {
    for (const image of made.reverse()) removeImage(image);
    rmSync(folder, { recursive: true, force: true });
  });

  const keep = (image: string) => {
    made.push(image);
    return image;
  };
  const build = (context: string, file: string, base: string) => {
    const name = keep(
      `local/lossbound-test:${path.basename(folder).toLowerCase()}-${path.parse(file).name.toLowerCase()}`,
    );
    const args = [
      "build",
      "--force-rm",
      "--build-arg",
      `BASE=${base}`,
      "--file",
      path.join(context, file),
      "--tag",
      name,
    ];
    const before = nameless();
    execFileSync("docker", [...args, context], { stdio: ["ignore", "ignore", "pipe"] });
    // The stage that was built in stays as an image without a name.
    for (const stage of nameless()) if (!before.includes(stage)) keep(stage);
    return name;
  };
  const nameless = () =>
    execFileSync("docker", ["images", "--quiet", "--filter", "dangling=true"], { encoding: "utf8" })
      .split("\n")
      .filter((id) => id !== "");
  const inside = (...words: string[]) =>
    spawnSync("docker", ["run", "--rm", "--network", "none", ...words], { encoding: "utf8" });
  const outcomeOf = (text: string): Outcome => outcomeSchema.parse(JSON.parse(text));

  it("kill the bundled store as a user without rights, and print the outcome", () => {
    writeFileSync(
      path.join(folder, "kills.yaml"),
      `name: kills
why: A store dies in a container while it is being written to.
presets: [always]
workload: { calls: 5000 }
fault: { kind: kill, trigger: { kind: after-acks, acks: [100, 300] } }
budget: { runs: 2 }
needs: { acks: 100 }
`,
    );
    const mounts = ["--volume", `${folder}/kills.yaml:/kills.yaml:ro`];
    const { stdout, stderr, status } = inside(...mounts, lossbound, "run", "/kills.yaml", "--json");
    expect(status, stderr).to.equal(0);
    expect(outcomeOf(stdout).runs.map(({ verdict, crashStates }) => [verdict, crashStates.judged])).to.deep.equal([
      ["held", 2],
    ]);
  });

  it("say what to do where FUSE was not granted, and cut power where it was", () => {
    const words = ["run", "power-cut/always", "--runs", "1", "--time", "4s", "--json"];
    const refused = inside(lossbound, ...words);
    expect([refused.status, refused.stdout]).to.deep.equal([3, ""]);
    expect(refused.stderr).to.match(/no recorded volume here: there is no \/dev\/fuse\. /);
    if (!existsSync("/dev/fuse")) return;
    const { stdout, stderr } = inside(...granted, lossbound, ...words);
    const [run] = outcomeOf(stdout).runs;
    // How many states there is time for is this machine's affair; that they are judged, and none is broken, is ours.
    expect([run?.verdict === "violated", (run?.crashStates.judged ?? 0) > 0], stderr).to.deep.equal([false, true]);
  });

  for (const service of ["redis", "lossbound-server"]) {
    it(`are run from the compose file, service ${service}, and leave no container`, () => {
      const image = service === "redis" ? redis : server;
      const text = readFileSync(path.join(packageFolder(), "docker/compose.yaml"), "utf8");
      const file = path.join(folder, `${service}.yaml`);
      writeFileSync(
        file,
        text.replace(service === "redis" ? "redis:7-alpine" : "image: lossbound-server", (found) =>
          found.startsWith("image: ") ? `image: ${image}` : image,
        ),
      );
      const words = ["run", path.join(folder, "kills.yaml"), "--compose", file, "--service", service, "--json"];
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [main, ...words, "--out", path.join(folder, "out")],
        {
          encoding: "utf8",
        },
      );
      expect(status, stderr).to.equal(0);
      const [run] = outcomeOf(stdout).runs;
      expect([run?.target, run?.preset, run?.verdict]).to.deep.equal([`docker:${image}`, `compose-${service}`, "held"]);
      const left = execFileSync("docker", ["ps", "--all", "--quiet", "--filter", `ancestor=${image}`], {
        encoding: "utf8",
      });
      expect(left).to.equal("");
    });
  }
});
