import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Catalogue } from "../../scenarios/catalogue.ts";
import { type FakeSurroundings, fakeSurroundings } from "../../tests/fake-surroundings.ts";
import { packageFolder } from "../package.ts";
import { rowOf } from "./compose.ts";
import { exitCodes } from "./exit.ts";
import { main } from "./program.ts";

const block = `services:
  redis:
    image: redis:7-alpine-that-nobody-has
    command: >
      --save 900 1 --save 300 10 --save 60 10000 --appendonly yes --appendfsync everysec
      --auto-aof-rewrite-percentage 100 --auto-aof-rewrite-min-size 64mb --aof-use-rdb-preamble yes
`;

describe("lossbound run --compose", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lossbound-test-"));
    file = path.join(folder, "compose.yaml");
    writeFileSync(file, block);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const run = async (surroundings: FakeSurroundings, ...words: readonly string[]) =>
    main(["run", "kill/random", ...words, "--out", path.join(folder, "results")], surroundings);

  it("tests the flags of the service as a preset of their own, on the executable that is named", async () => {
    const surroundings = fakeSurroundings();
    const code = await run(surroundings, "--compose", file, "--service", "redis", "--target", process.execPath);
    expect(code, surroundings.stderr()).to.equal(exitCodes.held);
    const [request] = surroundings.requests;
    expect(request?.preset).to.deep.include({ name: "compose-redis" });
    expect(request?.preset.promise.row).to.equal("everysec");
    expect(request?.preset.directives).to.have.length(8);
    expect(request?.target).to.equal(process.execPath);
    expect(surroundings.stderr())
      .to.include("compose: redis of")
      .and.include("--save 900 1 --save 300 10 --save 60 10000 --appendonly yes --appendfsync everysec")
      .and.include(`the image itself is not run: its flags are applied to ${process.execPath}`);
  });

  it("is refused with a preset beside it, or a service without a file; a bad file names its place", async () => {
    const refused = async (...words: readonly string[]) => {
      const surroundings = fakeSurroundings();
      expect(await run(surroundings, ...words)).to.equal(exitCodes.usage);
      expect(surroundings.requests).to.deep.equal([]);
      return surroundings.stderr();
    };
    expect(await refused("--compose", file, "--preset", "always")).to.include("--preset cannot be given with it");
    expect(await refused("--service", "redis")).to.include("--compose FILE names it");
    expect(await refused("--compose", file, "--service", "cache")).to.include(
      "compose.yaml:2:3: there is no service cache",
    );
    expect(await refused("--compose", path.join(folder, "none.yaml"))).to.include("there is no such file");
  });

  it("takes from the file that ships what the preset hybrid says", async () => {
    const shipped = path.join(packageFolder(), "docker/compose.yaml");
    const hybrid = new Catalogue().preset("hybrid");
    for (const service of ["redis", "lossbound-server"]) {
      const surroundings = fakeSurroundings();
      await run(surroundings, "--compose", shipped, "--service", service, "--target", process.execPath);
      const [request] = surroundings.requests;
      expect(request?.preset.directives).to.deep.equal(hybrid.directives);
      expect(request?.preset.promise.row).to.equal(hybrid.promise.row);
    }
  });

  it("knows which row of the contract a config belongs to", () => {
    const log = ["appendonly", "yes"] as const;
    expect(rowOf([log])).to.equal("everysec");
    expect(rowOf([log, ["appendfsync", "always"]])).to.equal("always");
    expect(rowOf([log, ["appendfsync", "no"]])).to.equal("os-decides");
    expect(rowOf([log, ["no-appendfsync-on-rewrite", "yes"]])).to.equal("everysec-no-fsync-on-rewrite");
    expect(rowOf([log, ["appendonly", "no"]])).to.equal("rdb-only");
    expect(rowOf([])).to.equal("rdb-only");
    expect(rowOf([["save", ""]])).to.equal("none");
    expect(
      rowOf([
        ["save", ""],
        ["save", "60", "1"],
      ]),
    ).to.equal("rdb-only");
  });
});
