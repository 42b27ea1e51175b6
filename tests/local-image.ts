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

/**
 * As most images are: an entry point of shell hands the files over to a user of the image's own and becomes the store as
 * that user. What it finds where it stands is what it hands over.
 */
export function makeImageWithUser(redisServer: string, tools: ReadonlyMap<string, string>): string {
  const script = 'find . ! -user 999 -exec chown 999 {} +; exec setpriv --reuid=999 --clear-groups -- "$@"';
  return makeScriptedImage(redisServer, tools, script);
}

/** Whatever it is asked for, it has `appendfsync no`. */
export function makeLiarImage(redisServer: string, tools: ReadonlyMap<string, string>): string {
  return makeScriptedImage(redisServer, tools, 'exec "$@" --appendfsync no');
}

/** @param tools by name; a shell among them. @param script gets the command and its directives as arguments. */
function makeScriptedImage(redisServer: string, tools: ReadonlyMap<string, string>, script: string): string {
  const files = [...tools.values()];
  const entry = JSON.stringify([tools.get("sh"), "-c", script, "sh"]);
  const changes = [`ENV PATH=${pathOf(files)}`, `ENTRYPOINT ${entry}`, `CMD ["${redisServer}"]`, "WORKDIR /data"];
  return makeImage(
    [redisServer, ...files],
    changes.flatMap((change) => ["-c", change]),
  );
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
