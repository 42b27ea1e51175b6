/** Which files are there, which are loaded, who may share them: C27, C30 to C34. */
import { counted } from "../../../reports/words.ts";
import { splitDirective } from "../../../scenarios/cross-check.ts";
import type { Image } from "../../disk/image.ts";
import type { Config } from "../../targets/target.ts";
import { type ClaimCheck, trueIf } from "../claim-check.ts";
import { SimStore } from "../sim-store.ts";

export const switchedOn: ClaimCheck = {
  name: "switched-on",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      await store.sendAll(Array.from({ length: 20 }, (_, index) => ["SET", `before ${index}`, "v"]));
      const answer = await store.send("CONFIG", "SET", ...told.text("set").split(" "));
      await store.passSeconds(2);
      await store.sendAll(Array.from({ length: 20 }, (_, index) => ["SET", `after ${index}`, "v"]));
      await store.passSeconds(2);
      store.kill();
      await store.start([...directives, ["appendonly", "yes"]]);
      const count = await store.count();
      const said = answer.kind === "error" ? "refused" : "done";
      return trueIf(
        answer.kind === "error" || count < 40,
        `${said} at run time; ${count} of 40 keys there when killed`,
      );
    }),
};

export const sixteenMinutes: ClaimCheck = {
  name: "sixteen-minutes",
  on: "simulated",
  measure: ({ directives }) =>
    SimStore.during(directives, async (store) => {
      await store.sendAll(Array.from({ length: 20 }, (_, index) => ["SET", `key ${index}`, "v"]));
      await store.passSeconds(16 * 60);
      const saves = store.snapshotsBegunS.length;
      await store.shutdown();
      await store.start(directives);
      const count = await store.count();
      return trueIf(count === 20, `${count} of 20 there, ${counted(saves, "snapshot")} on the way`);
    }),
};

export const copiedDump: ClaimCheck = {
  name: "copied-dump",
  on: "simulated",
  async measure({ directives, told }) {
    const copy = await SimStore.during(directives, async (store) => {
      await store.sendAll(Array.from({ length: 20 }, (_, index) => ["SET", `old ${index}`, "v"]));
      await store.send("SAVE");
      await store.sendAll(Array.from({ length: 20 }, (_, index) => ["SET", `new ${index}`, "v"]));
      await store.send("BGSAVE");
      await store.passSeconds(told.number("waitS"));
      return store.files();
    });
    const count = await SimStore.during(directives, (store) => store.count(), { image: onlyDumps(copy) });
    return trueIf(count === 40, `copied ${told.number("waitS")} s after BGSAVE: ${count} of 40 keys in it`);
  },
};

export const whichDump: ClaimCheck = {
  name: "which-dump",
  on: "simulated",
  async measure({ directives }) {
    const own = await dumpOf(directives, 1);
    const other = await dumpOf(directives, 2);
    const image: Image = new Map([
      ["a.rdb", other],
      ["dump.rdb", own],
    ]);
    const count = await SimStore.during(directives, (store) => store.count(), { image });
    return trueIf(count === 2, `a.rdb holds 2 keys, dump.rdb 1: ${count} served`);
  },
};

/** Of a store with so many keys, whatever its dump is called. */
async function dumpOf(directives: Config, keys: number) {
  const image = await SimStore.during(directives, async (store) => {
    for (let index = 0; index < keys; index++) await store.send("SET", `key ${index}`, "v");
    await store.send("SAVE");
    return store.files();
  });
  const [dump] = [...image].filter(([path]) => path.endsWith(".rdb")).map(([, node]) => node);
  if (dump === undefined) throw new Error("SAVE left no dump");
  return dump;
}

export const forkRefused: ClaimCheck = {
  name: "fork-refused",
  on: "simulated",
  measure: ({ directives }) =>
    SimStore.during(
      directives,
      async (store) => {
        await store.send("SET", "key", "v");
        const asked = await store.send("BGSAVE");
        await store.passSeconds(120);
        const status = await store.info("rdb_last_bgsave_status");
        const written = await store.send("SET", "key", "w");
        const told = asked.kind === "error" || status === "err";
        const refused = written.kind === "error";
        const figure = `BGSAVE: ${asked.kind === "error" ? "an error" : "no error"}, status ${status}, the next write ${refused ? "refused" : "taken"}`;
        if (!told) return { verdict: "false", figure };
        return { verdict: refused ? "true" : "depends", figure };
      },
      { mayFork: false },
    ),
};

/** One after the other, so that nobody's lock is in the way: what does the second one find? */
export const sharedFolder: ClaimCheck = {
  name: "shared-folder",
  on: "simulated",
  async measure({ directives, told }) {
    const first = await filesAfter([...directives, ["dbfilename", "first.rdb"]], 20);
    const own = splitDirective(told.text("second"));
    if (own === undefined) throw new RangeError("expected a directive under with: second");
    const second: Config = [...directives, ["dbfilename", "second.rdb"], own];
    const count = await SimStore.during(second, (store) => store.count(), { image: first });
    const figure = `the second tenant, with ${told.text("second")}, finds ${count} keys of the first`;
    return count === 0 ? { verdict: "true", figure } : { verdict: "depends", figure };
  },
};

/** What a store leaves that got so many keys, was given time to sync, and was killed. */
function filesAfter(directives: Config, keys: number): Promise<Image> {
  return SimStore.during(directives, async (store) => {
    await store.sendAll(Array.from({ length: keys }, (_, index) => ["SET", `key ${index}`, "v"]));
    await store.passSeconds(3);
    return store.files();
  });
}

function onlyDumps(image: Image): Image {
  return new Map([...image].filter(([path]) => path === "dump.rdb"));
}
