/**
 * What `docker build` is given in the tests: this clone as it was built, with the packages that a user would have, and
 * nothing else. No registry is asked.
 */
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { packageFolder } from "../harness/package.ts";

const parts = ["package.json", "package-lock.json", "LICENSE", "docker", "scenarios", "dist"];

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/** @param to an empty folder */
export function layContext(to: string): void {
  const from = packageFolder();
  const isNeeded = (file: string) => !/\/dist\/(tests|bench)(\/|$)|\.test\.js|\.js\.map$|\.tsbuildinfo$/.test(file);
  for (const part of parts) cpSync(path.join(from, part), path.join(to, part), { recursive: true, filter: isNeeded });
  const { packages } = JSON.parse(readFileSync(path.join(from, "package-lock.json"), "utf8")) as LockFile;
  for (const [name, { dev, devOptional }] of Object.entries(packages)) {
    if (name === "" || dev === true || devOptional === true) continue;
    const folder = path.join(to, name);
    mkdirSync(path.dirname(folder), { recursive: true });
    cpSync(path.join(from, name), folder, { recursive: true, filter: (file) => !/\.(map|ts|md)$/.test(file) });
  }
}
