#!/usr/bin/env node
/** `lossbound-check-rdb FILE`: is this RDB sound? Exit code 0 when it is, else 1. */
import path from "node:path";
import { checkRdb } from "./check/check-rdb.ts";
import { lossboundVersion } from "./version.ts";
import { realDisk } from "./world/real-disk.ts";
import { DiskError } from "./world/world.ts";

const [name, ...more] = process.argv.slice(2);
if (name === "-v" || name === "--version") {
  console.log(`lossbound-check-rdb ${lossboundVersion}`);
} else if (name === undefined || more.length > 0) {
  console.error("Usage: lossbound-check-rdb <rdb-file-name>");
  process.exitCode = 1;
} else {
  try {
    const file = realDisk.open(path.resolve(name), "read");
    process.exitCode = checkRdb(file, name, Date.now(), (line) => console.log(line)) === undefined ? 1 : 0;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    console.error(`Cannot open file ${name}: ${error.reason}`);
    process.exitCode = 1;
  }
}
