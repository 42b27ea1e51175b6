/** When snapshots are due, and what counts as a change: C1 to C9. */
import { counted } from "../../../reports/words.ts";
import { type ClaimCheck, trueIf } from "../claim-check.ts";
import { namesOf, SimStore } from "../sim-store.ts";

/** A snapshot that begins so much later than it was said to began when it was said to: the store looks ten times a second. */
const toleranceS = 1.2;

/** `0:4 60:1`: four changes at the start, one after a minute. */
function schedule(text: string): { readonly atS: number; readonly count: number }[] {
  return text.split(" ").map((each) => {
    const [atS = 0, count = 0] = each.split(":").map(Number);
    return { atS, count };
  });
}

const seconds = (value: number | undefined) => (value === undefined ? "never" : `after ${value.toFixed(1)} s`);

export const savesWhen: ClaimCheck = {
  name: "saves-when",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      for (const { atS, count } of schedule(told.text("changes"))) {
        await store.untilS(atS);
        await store.change(count);
      }
      await store.untilS(told.number("untilS"));
      const begunS = store.snapshotsBegunS[0];
      const said = told.text("saidAtS");
      const agrees =
        said === "never"
          ? begunS === undefined
          : begunS !== undefined && Math.abs(begunS - told.number("saidAtS")) <= toleranceS;
      return trueIf(agrees, `saved ${seconds(begunS)}; said: ${said === "never" ? said : `after ${said} s`}`);
    }),
};

export const savePointsAlone: ClaimCheck = {
  name: "save-points-alone",
  on: "simulated",
  async measure({ directives, told }) {
    const points = schedule(told.text("points"));
    const begun = new Map<number, number | undefined>();
    for (const { atS: dueS, count } of points) {
      await SimStore.during(directives, async (store) => {
        await store.change(count);
        await store.untilS(1_000);
        begun.set(dueS, store.snapshotsBegunS[0]);
      });
    }
    const alone = points.every(({ atS }) => Math.abs((begun.get(atS) ?? 0) - atS) <= toleranceS);
    const each = points.map(({ atS, count }) => `${counted(count, "change")}: ${seconds(begun.get(atS))}`);
    return trueIf(alone, each.join(", "));
  },
};

export const changesCounted: ClaimCheck = {
  name: "changes-counted",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      const counted: string[] = [];
      let agrees = true;
      for (const each of told.text("said").split(", ")) {
        const [request = "", said] = each.split("=");
        const before = Number(await store.info("rdb_changes_since_last_save"));
        await store.send(...request.split(" "));
        const changes = Number(await store.info("rdb_changes_since_last_save")) - before;
        agrees &&= changes === Number(said);
        counted.push(`${request}: ${changes}`);
      }
      return trueIf(agrees, counted.join(", "));
    }),
};

export const counterAfterBgsave: ClaimCheck = {
  name: "counter-after-bgsave",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      await store.sendAll(Array.from({ length: 50 }, (_, index) => ["SET", `before ${index}`, "v"]));
      await store.send("BGSAVE");
      const meanwhile = told.number("changesMeanwhile");
      for (let count = 0; count < meanwhile; count++) await store.send("INCR", "meanwhile");
      while ((await store.info("rdb_bgsave_in_progress")) === "1") await store.passSeconds(0.5);
      const left = Number(await store.info("rdb_changes_since_last_save"));
      const figure = `50 changes before, ${meanwhile} while it was written: ${left} counted after it`;
      if (left === 0) return { verdict: "true", figure };
      return { verdict: left === meanwhile ? "depends" : "false", figure };
    }),
};

export const idleSaves: ClaimCheck = {
  name: "idle-saves",
  on: "simulated",
  measure: ({ directives }) =>
    SimStore.during(directives, async (store) => {
      await store.passSeconds(2 * 3_600);
      const idle = store.snapshotsBegunS.length;
      await store.send("SET", "first", "v");
      // A server that is just up counts from its start: after two idle hours a save point may be due at once.
      store.kill();
      await store.start(directives);
      const startedS = store.nowS;
      await store.send("SET", "first", "v");
      await store.passSeconds(3);
      const atOnce = namesOf(await store.files()).includes("dump.rdb");
      await store.passSeconds(1_000);
      const begunS = store.snapshotsBegunS[idle];
      const afterS = begunS === undefined ? undefined : begunS - startedS;
      const figure = `${idle} saves in two idle hours; with the first change of a fresh store a dump ${seconds(afterS)}`;
      if (idle > 0) return { verdict: "false", figure };
      return { verdict: atOnce ? "true" : "depends", figure };
    }),
};
