// The programs that are started by the thousand, each in one file: a store of two hundred modules takes twice the time to
// start. Over what the compiler made of their heads; whoever imports a part of them gets the compiler's.
import path from "node:path";
import { build } from "esbuild";

const root = path.resolve(import.meta.dirname, "..");

await build({
  absWorkingDir: root,
  entryPoints: ["server/main.ts", "server/saver-main.ts", "harness/planted/planted-main.ts"],
  outbase: ".",
  outdir: "dist",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  packages: "external",
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
});
