/**
 * The saver as a process. Its input is one line, the job, and then the segments of the snapshot; its output is one line,
 * how it went.
 *
 *     {"kind":"rdb","dir":"/data",…}\n  segments … end      →      {"kind":"saved","path":…,"writtenBytes":…}\n
 *
 * After a job that went well it waits for the next one, until its input ends. When the input ends within a snapshot, the
 * server has died: nothing is left behind.
 */
import { writeSync } from "node:fs";
import { SaveWork } from "./saver.ts";
import { realDisk } from "./world/real-disk.ts";
import { withKillSwitch } from "./world/real-kill-switch.ts";
import { DiskError, type SaveJob, type SaverEnding } from "./world/world.ts";

const LF = 10;
const endedOnPurpose = 255;

let head: Buffer = Buffer.alloc(0);
let work: SaveWork | undefined;

function takePiece(piece: Buffer): void {
  if (work !== undefined) {
    work.feed(piece);
  } else {
    head = Buffer.concat([head, piece]);
    const newline = head.indexOf(LF);
    if (newline < 0) return;
    const job = JSON.parse(head.toString("utf8", 0, newline)) as SaveJob;
    work = new SaveWork(job, disk, process.pid);
    work.feed(head.subarray(newline + 1));
    head = Buffer.alloc(0);
  }
  if (!work.isWhole) return;
  answer({ kind: "saved", ...work.finish() });
  work = undefined;
}

/** Tells the server how it went. */
function answer(ending: SaverEnding): void {
  try {
    writeSync(1, `${JSON.stringify(ending)}\n`);
  } catch (error) {
    work?.abandon();
    // The server has died: nobody is there to publish it.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    process.exit(1);
  }
}

/** After a failure the rest of the input would be taken for a job. */
function fail(why: string): never {
  work?.abandon();
  answer({ kind: "failed", why });
  process.exit(1);
}

function orFail(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    fail(error.message);
  }
}

const disk = withKillSwitch(realDisk, process.env);
process.stdin.on("data", (piece: Buffer) => orFail(() => takePiece(piece)));
process.stdin.on("end", () => {
  work?.abandon();
  process.exit(work === undefined ? 0 : 1);
});
// A terminal's Ctrl-C reaches the whole group: what becomes of the snapshot is for the server to say.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => fail("terminated by SIGTERM"));
process.on("SIGUSR1", () => {
  work?.abandon();
  process.exit(endedOnPurpose);
});
