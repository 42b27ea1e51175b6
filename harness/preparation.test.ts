import { expect } from "chai";
import { Catalogue } from "../scenarios/catalogue.ts";
import type { Preset } from "../scenarios/preset.ts";
import { identify } from "./preparation.ts";
import { type Config, type Target, TargetUnavailable } from "./targets/target.ts";

const catalogue = new Catalogue();

/** What `identify` says of a config with these lines behind those of `always`, or the config that the store was asked with. */
async function asked(...lines: Preset["directives"]): Promise<Config | string> {
  const always = catalogue.preset("always");
  const preset = { ...always, name: "mine", directives: [...always.directives, ...lines] };
  let seen: Config = [];
  const target = {
    name: "any",
    identify: (config: Config) => {
      seen = config;
      return Promise.resolve({});
    },
  } as unknown as Target;
  const request = { scenario: catalogue.scenario("kill/random").value, preset };
  try {
    await identify(target, request);
  } catch (error) {
    if (!(error instanceof TargetUnavailable)) throw error;
    return error.message;
  }
  return seen;
}

describe("a store that may evict", () => {
  it("is not judged: what it removes by its own will cannot be told from a loss", async () => {
    for (const policy of ["allkeys-lru", "volatile-ttl", "ALLKEYS-RANDOM"]) {
      const said = await asked(["maxmemory", "100mb"], ["maxmemory-policy", policy]);
      expect(said).to.match(
        /^preset mine has maxmemory 100mb with maxmemory-policy .*no check can tell that from a loss/,
      );
    }
  });

  it("is judged where it refuses instead, or has no limit", async () => {
    for (const lines of [
      [["maxmemory", "100mb"]],
      [
        ["maxmemory", "100mb"],
        ["maxmemory-policy", "noeviction"],
      ],
      [["maxmemory-policy", "allkeys-lru"]],
      [
        ["maxmemory", "1mb"],
        ["maxmemory-policy", "allkeys-lru"],
        ["maxmemory", "0"],
      ],
    ] satisfies Preset["directives"][]) {
      expect(await asked(...lines)).to.deep.include.members(lines);
    }
  });
});
