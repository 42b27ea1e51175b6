/**
 * Container images made of this machine's own files, without a registry: executables, the libraries that they name, and
 * nothing else.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** @returns the image's name, for `docker:NAME`; whoever made it removes it with `removeImage`. */
export function makeRedisImage(redisServer: string): string {
  return makeImage([redisServer], ["-c", `CMD ["${redisServer}"]`, "-c", "WORKDIR /data"]);
}

/** What the Dockerfiles ask of their base: node, a shell, and a few commands. */
export function makeBaseImage(executables: readonly string[]): string {
  return makeImage(
    [process.execPath, ...executables],
    ["-c", `ENV PATH=${pathOf([process.execPath, ...executables])}`],
  );
}

function pathOf(executables: readonly string[]): string {
  return [...new Set(["/usr/local/bin", ...executables.map((file) => path.dirname(file))])].join(":");
}

/** @param changes for `docker import` */
function makeImage(executables: readonly string[], changes: readonly string[]): string {
  const root = mkdtempSync(path.join(tmpdir(), "image-"));
  const name = `local/lossbound-test:${path.basename(root).toLowerCase()}`;
  try {
    for (const folder of ["data", "tmp", "lossbound", "usr/local/bin", "bin"]) {
      mkdirSync(path.join(root, folder), { recursive: true });
    }
    for (const file of new Set(executables.flatMap(withLibraries))) {
      cpSync(realpathSync(file), path.join(root, file), { recursive: true });
    }
    // RUN asks for it by this name.
    if (existsSync(path.join(root, "usr/bin/sh"))) cpSync(path.join(root, "usr/bin/sh"), path.join(root, "bin/sh"));
    const layers = execFileSync("tar", ["-C", root, "-c", "."], { maxBuffer: 2 ** 30 });
    execFileSync("docker", ["import", ...changes, "-", name], { input: layers, stdio: ["pipe", "ignore", "inherit"] });
  } finally {
    rmSync(root, { recursive: true });
  }
  return name;
}

function withLibraries(executable: string): string[] {
  const listed = execFileSync("ldd", [executable], { encoding: "utf8" });
  return [executable, ...[...listed.matchAll(/(\/\S+)/g)].map(([, file]) => file as string)];
}

export function removeImage(name: string): void {
  execFileSync("docker", ["rmi", "--force", name], { stdio: "ignore" });
}
