#!/usr/bin/env node
/**
 * `lossbound-check-aof [--fix | --truncate-to-timestamp N] FILE`: is this log, a manifest or a file, sound? With an option
 * its end is cut off where it stops being so. Exit code 0 when it is sound in the end, else 1.
 */
import { readSync } from "node:fs";
import path from "node:path";
import { checkAof } from "./check/check-aof.ts";
import { lossboundVersion } from "./version.ts";
import { realDisk } from "./world/real-disk.ts";

const usage = "Usage: lossbound-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>";

function fail(line: string): never {
  console.log(line);
  process.exit(1);
}

const args = process.argv.slice(2);
if (args[0] === "-v" || args[0] === "--version") {
  console.log(`lossbound-check-aof ${lossboundVersion}`);
  process.exit(0);
}
const name = args.at(-1);
const options = args.slice(0, -1);
const fix = options.length === 1 && options[0] === "--fix";
const toTime = options.length === 2 && options[0] === "--truncate-to-timestamp";
if (name === undefined || (options.length > 0 && !fix && !toTime)) fail(usage);
if (toTime && !/^[1-9]\d*$/.test(options[1] as string)) fail("Invalid timestamp, aborting...");

process.exitCode = checkAof(
  path.resolve(name),
  { fix, untilS: toTime ? Number(options[1]) : undefined },
  {
    disk: realDisk,
    nowMs: Date.now(),
    say: (line) => console.log(line),
    confirm(question) {
      process.stdout.write(question);
      const answer = Buffer.alloc(1);
      const count = readSync(0, answer, 0, 1, null);
      return count === 1 && answer.toString().toLowerCase() === "y";
    },
  },
);
