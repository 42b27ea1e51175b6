/**
 * Which stretch of a store's life a crash fell into, read from the files that it left. A log that says "rewrite started"
 * is a claim; a half-written base beside the old one is a fact.
 *
 *     temp-rewriteaof-17.aof              a child writes the new base
 *     temp-rewriteaof-bg-17.aof           it is written, and not yet in force
 *     appendonlydir/temp-….manifest       the manifest is being exchanged
 *     appendonlydir/….manifest            … lists two logs: rotated; … lists type h: switched, old files to be removed
 *     appendonlydir/….5.incr.aof          … which the manifest does not list: the log is about to be rotated
 *     appendonlydir/temp-….aof.incr       the log was switched on, and its first rewrite has not ended
 *     temp-17.rdb                         a child writes a snapshot
 */
import type { Image } from "../disk/image.ts";

const byName: readonly (readonly [pattern: RegExp, window: string])[] = [
  [/(^|\/)temp-rewriteaof-\d+\.aof$/, "rewrite:child-writes"],
  [/(^|\/)temp-rewriteaof-bg-\d+\.aof$/, "rewrite:base-written"],
  [/(^|\/)temp-[^/]*\.manifest$/, "rewrite:manifest-switch"],
  [/(^|\/)temp-\d+\.rdb$/, "bgsave:child-writes"],
  [/(^|\/)temp-[^/]*\.aof\.incr$/, "switch-on"],
];

/** Sorted, each once. The part before the colon is the window that a scenario names. */
export function windowsIn(image: Image): string[] {
  const found = new Set<string>();
  for (const [path, node] of image) {
    for (const [pattern, window] of byName) if (pattern.test(path)) found.add(window);
    if (node.kind === "file" && /[^/]\.manifest$/.test(path) && !/(^|\/)temp-/.test(path)) {
      const text = Buffer.from(node.bytes).toString("latin1");
      for (const window of windowsOfManifest(text)) found.add(window);
      if (hasUnlistedIncr(image, path, text)) found.add("rewrite:rotation");
    }
  }
  return [...found].sort();
}

function windowsOfManifest(text: string): string[] {
  const types = [...text.matchAll(/\btype ([bhi])\b/g)].map(([, type]) => type);
  const logs = types.filter((type) => type === "i").length;
  return [...(logs > 1 ? ["rewrite:two-logs"] : []), ...(types.includes("h") ? ["rewrite:history-left"] : [])];
}

/** A file for records that the manifest beside it does not know. */
function hasUnlistedIncr(image: Image, manifestPath: string, manifest: string): boolean {
  const folder = manifestPath.slice(0, manifestPath.lastIndexOf("/") + 1);
  return [...image.keys()].some((path) => {
    const name = path.slice(folder.length);
    return path.startsWith(folder) && /\.incr\.aof$/.test(name) && !manifest.includes(`file ${name} `);
  });
}
