/** When the log is rewritten, from what, and what becomes of the files: C15 to C18, C21, C22, C24, C25. */
import type { Image } from "../../disk/image.ts";
import { randomFrom } from "../../random.ts";
import type { Request } from "../../recording/history.ts";
import { type ClaimCheck, trueIf } from "../claim-check.ts";
import { namesOf, SimStore, textOf } from "../sim-store.ts";

const manifest = "appendonlydir/appendonly.aof.manifest";
const kb = 1_024;

/** Values that no compression makes smaller, one a kilobyte with its record. */
function fill(fromKb: number, toKb: number): Request[] {
  const random = randomFrom(`fill ${fromKb}`);
  const letter = () => String.fromCharCode(33 + random.below(90));
  return Array.from({ length: toKb - fromKb }, (_, index) => [
    "SET",
    `key ${String(fromKb + index).padStart(8, "0")}`,
    Array.from({ length: kb - 46 }, letter).join(""),
  ]);
}

async function untilRewritten(store: SimStore): Promise<void> {
  while ((await store.info("aof_rewrite_in_progress")) === "1") await store.passSeconds(0.2);
}

export const rewriteByGrowth: ClaimCheck = {
  name: "rewrite-by-growth",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      const [fromKb, toKb] = [told.number("fromKb"), told.number("toKb")];
      await store.sendAll(fill(0, fromKb));
      // Its size after a rewrite is what growth is counted from.
      await store.send("BGREWRITEAOF");
      await untilRewritten(store);
      const asked = store.rewritesBegunS.length;
      const base = Number(await store.info("aof_base_size"));
      await store.sendAll(fill(fromKb, toKb));
      const size = Number(await store.info("aof_current_size"));
      await store.passSeconds(5);
      const rewritten = store.rewritesBegunS.length > asked;
      const grown = `${Math.round(base / kb)} KB grown to ${Math.round(size / kb)} KB`;
      return trueIf(rewritten === (told.text("said") === "rewritten"), `${grown}: ${rewritten ? "" : "not "}rewritten`);
    }),
};

export const rewriteReads: ClaimCheck = {
  name: "rewrite-reads",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      await store.sendAll(fill(0, 20));
      const broken = told.text("broken") === "read" ? "read" : "write";
      const path = broken === "read" ? "*.incr.aof" : "temp-rewriteaof-*";
      store.arm({ kind: "error", name: "unreadable", when: { on: [broken], path }, code: "EIO" });
      await store.send("BGREWRITEAOF");
      await untilRewritten(store);
      const status = await store.info("aof_last_bgrewrite_status");
      store.heal("unreadable");
      const what = broken === "read" ? "no log can be read" : "nothing can be written";
      return trueIf(status !== "ok", `a rewrite while ${what}: ${status}`);
    }),
};

export const logFilesAppear: ClaimCheck = {
  name: "log-files-appear",
  on: "simulated",
  measure: ({ directives }) =>
    SimStore.during(directives, async (store) => {
      const first = namesOf(await store.files()).filter((name) => name.includes(".aof"));
      await store.send("CONFIG", "SET", "appendonly", "yes");
      await store.send("BGREWRITEAOF");
      await untilRewritten(store);
      const later = namesOf(await store.files()).filter((name) => name.includes(".aof"));
      const said = first.length === 0 && later.length > 0;
      const list = first.map((name) => name.replace(/^.*\//, "")).join(", ") || "none";
      return trueIf(said, `after the first start: ${list}`);
    }),
};

export const logNames: ClaimCheck = {
  name: "log-names",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      await store.send("SET", "k", "v");
      await store.send("BGREWRITEAOF");
      await untilRewritten(store);
      const image = await store.files();
      const names = namesOf(image).filter((name) => name.includes(".aof"));
      const manifestText = textOf(image, manifest) ?? "";
      const folder = told.text("folder");
      const right = [
        names.every((name) => name.startsWith(folder) && !name.slice(folder.length).includes("/")),
        names.some((name) => name.endsWith(`/${told.text("second")}`) || name === told.text("second")),
        manifestText.includes(told.text("line")),
      ].filter((each) => each).length;
      const incr = names.find((name) => name.includes(".incr."))?.replace(/^.*\//, "");
      const line = manifestText.trim().split("\n").at(-1);
      const figure = `${right} of 3: ${names[0]?.replace(/[^/]*$/, "")}, ${incr}, "${line}"`;
      if (right === 3) return { verdict: "true", figure };
      return { verdict: right === 0 ? "false" : "depends", figure };
    }),
};

/** Every rewrite fails at its first byte; the log grows past its minimum all the time. */
export const failedRewrites: ClaimCheck = {
  name: "failed-rewrites",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during(directives, async (store) => {
      store.arm({ kind: "error", name: "broken", when: { on: ["write"], path: "temp-rewriteaof-*" }, code: "EIO" });
      const minutes = told.number("minutes");
      for (let minute = 0; minute < minutes; minute++) {
        await store.sendAll(fill(minute * 10, minute * 10 + 10));
        // Whoever asks by hand is not held back.
        if (told.flag("asked")) await store.send("BGREWRITEAOF");
        await store.passSeconds(60);
      }
      const incrs = (image: Image) => namesOf(image).filter((name) => name.includes(".incr."));
      const left = incrs(await store.files()).length;
      const tries = store.rewritesBegunS.length;
      const figure = `${tries} rewrites failed in ${minutes} minutes, ${left} incr files are left`;
      return trueIf(tries > 3 && left <= told.number("filesMax"), figure);
    }),
};

export const doubleWrites: ClaimCheck = {
  name: "double-writes",
  on: "simulated",
  measure: ({ directives, told }) =>
    SimStore.during([...directives, ["rdb-key-save-delay", "20000"]], async (store) => {
      await store.sendAll(fill(0, 100));
      const records = store.journal.records.length;
      await store.send("BGREWRITEAOF");
      const during = fill(100, 140);
      await store.sendAll(during);
      await untilRewritten(store);
      const sent = during.length * kb;
      // All but the base, which is what was there before.
      const written = store.journal.records
        .slice(records)
        .reduce((sum, record) => sum + (isLogWrite(record) ? record.length : 0), 0);
      store.arm({
        kind: "delay",
        name: "slow",
        when: { on: ["fsync", "fdatasync"] },
        delays: { kind: "fixed", ms: told.number("syncMs") },
      });
      for (let count = 0; count < 120; count++) {
        await store.send("SET", `paced ${count}`, "v");
        await store.passSeconds(0.1);
      }
      // The store puts a write off while a sync is under way, for two seconds; then it goes to the disk, and waits there.
      const delayed = Number(await store.info("aof_delayed_fsync"));
      const times = written / sent;
      const figure = `written ${times.toFixed(2)} times during a rewrite; with syncs of ${told.number("syncMs")} ms ${delayed} writes no longer waited for one`;
      const once = times < 1.2;
      const waits = delayed > 0;
      if (once && !waits) return { verdict: "true", figure };
      return { verdict: once !== waits ? "false" : "depends", figure };
    }),
};

function isLogWrite(record: {
  kind: string;
  path?: string;
}): record is { kind: "write"; path: string; length: number } {
  return record.kind === "write" && /\.incr\.aof/.test(record.path ?? "");
}
