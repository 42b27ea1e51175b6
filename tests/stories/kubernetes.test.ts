/**
 * The manifests in docker/kubernetes/, held against the published schema of the Kubernetes API; and their command lines,
 * run as the shell of a pod would run them.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type IJob, Job } from "kubernetes-models/batch/v1/Job";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { parseAllDocuments } from "yaml";
import { packageFolder } from "../../harness/package.ts";
import { outcomeSchema } from "../../reports/outcome.ts";

const main = path.join(packageFolder(), "dist/harness/cli/main.js");
const tiny = `
name: tiny
why: Two small worlds on two machines.
target: simulated
suits: { targets: [simulated], volumes: [simulated] }
presets: [everysec]
workload: { calls: 100, clients: 2 }
fault: { kind: power-cut, lastsMs: [300, 600], swarm: true, setsMax: 2, models: [ordered] }
budget: { runs: 2 }
needs: { acks: 1, booted: 1 }
`;

const documentsIn = (name: string): object[] => {
  const text = readFileSync(path.join(packageFolder(), "docker/kubernetes", name), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as object);
};
const jobIn = (name: string): IJob => {
  const found = documentsIn(name).find((document) => (document as { readonly kind?: string }).kind === "Job");
  if (found === undefined) throw new Error(`${name} has no Job`);
  return found as IJob;
};
const containerOf = (job: IJob) => {
  const container = job.spec?.template.spec?.containers[0];
  if (container === undefined) throw new Error("the Job has no container");
  return container;
};

describe("the manifests for Kubernetes", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(tmpdir(), "kubernetes-"));
  after(() => rmSync(folder, { recursive: true }));

  it("are what the API takes, and a misspelt field is found", () => {
    for (const name of ["night.yaml", "merge.yaml"]) {
      for (const document of documentsIn(name)) {
        const { kind } = document as { kind: string };
        if (kind === "Job") new Job(document as IJob).validate();
        else
          new PersistentVolumeClaim(
            document as object as ConstructorParameters<typeof PersistentVolumeClaim>[0],
          ).validate();
      }
    }
    const job = jobIn("night.yaml");
    const misspelt = { ...job, spec: { ...job.spec, completions: "four" } } as unknown as IJob;
    expect(() => new Job(misspelt).validate()).to.throw(/completions/);
  });

  it("retry by index, and have as many shards as completions", () => {
    const { spec } = jobIn("night.yaml");
    const shards = containerOf(jobIn("night.yaml")).env?.find(({ name }) => name === "SHARDS")?.value;
    expect(spec).to.include({ completionMode: "Indexed", backoffLimitPerIndex: 2, completions: Number(shards) });
    expect(spec?.template.spec?.restartPolicy).to.equal("Never");
  });

  it("play a shard for each index, and merge what they left", () => {
    writeFileSync(path.join(folder, "tiny.yaml"), tiny);
    const here = (text: string) => text.replaceAll("/opt/lossbound/dist/harness/cli/main.js", main);
    const [script = ""] = containerOf(jobIn("night.yaml")).args ?? [];
    for (const index of [0, 1]) {
      const env = {
        ...process.env,
        ...{ SCENARIO: path.join(folder, "tiny.yaml"), RUNS: "2", SEED: "pods", SHARDS: "2", RESULTS: folder },
        JOB_COMPLETION_INDEX: String(index),
      };
      const { status, stderr } = spawnSync("sh", ["-c", here(script)], { env, encoding: "utf8" });
      expect(status, stderr).to.be.oneOf([0, 5]);
      expect(stderr).to.contain(`shard ${index + 1}/2`);
    }
    const words = (containerOf(jobIn("merge.yaml")).args ?? []).map((word) => word.replaceAll("/results", folder));
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words, "--json"], { encoding: "utf8" });
    expect(status, stderr).to.be.oneOf([0, 5]);
    const { runs } = outcomeSchema.parse(JSON.parse(stdout));
    expect([runs[0]?.scenario, stderr]).to.deep.equal(["tiny", ""]);
    expect(readFileSync(path.join(folder, "night.html"), "utf8")).to.contain("tiny");
  });
});
