/**
 * A container image of this machine's own redis-server, made without a registry: the executable, the libraries that it
 * names, and nothing else.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** @returns the image's name, for `docker:NAME`; whoever made it removes it with `removeImage`. */
export function makeRedisImage(redisServer: string): string {
  const root = mkdtempSync(path.join(tmpdir(), "image-"));
  const name = `local/lossbound-test:${path.basename(root).toLowerCase()}`;
  try {
    for (const folder of ["data", "tmp", "lossbound"]) mkdirSync(path.join(root, folder));
    const libraries = execFileSync("ldd", [redisServer], { encoding: "utf8" }).matchAll(/(\/\S+)/g);
    const files = [redisServer, ...[...libraries].map(([, file]) => file as string)];
    for (const file of files) cpSync(realpathSync(file), path.join(root, file), { recursive: true });
    const layers = execFileSync("tar", ["-C", root, "-c", "."], { maxBuffer: 2 ** 30 });
    execFileSync("docker", ["import", "-c", `CMD ["${redisServer}"]`, "-c", "WORKDIR /data", "-", name], {
      input: layers,
      stdio: ["pipe", "ignore", "inherit"],
    });
  } finally {
    rmSync(root, { recursive: true });
  }
  return name;
}

export function removeImage(name: string): void {
  execFileSync("docker", ["rmi", "--force", name], { stdio: "ignore" });
}
