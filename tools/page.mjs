// Builds the page's template: the app of reports/page/app/ and all that it uses, in one HTML file without a request.
// The policy in its head lets nothing run but the script that is built here, known by its hash.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

const root = path.resolve(import.meta.dirname, "..");
const made = path.join(root, "dist/.page");

await build({
  root: path.join(root, "reports/page/app"),
  configFile: false,
  logLevel: "warn",
  plugins: [viteSingleFile()],
  build: { outDir: made, emptyOutDir: true, target: "es2022", modulePreload: false, chunkSizeWarningLimit: 2_000 },
});
const html = readFileSync(path.join(made, "index.html"), "utf8");
rmSync(made, { recursive: true });

const scripts = [...html.matchAll(/<script type="module"[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
if (scripts.length !== 1) throw new Error(`expected one script in the page, found ${scripts.length}`);
const hash = createHash("sha256").update(scripts[0]).digest("base64");
const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'`;
const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
const charset = '<meta charset="utf-8" />';
if (!html.includes(charset)) throw new Error("the page has lost its head");

mkdirSync(path.join(root, "dist/reports/page"), { recursive: true });
writeFileSync(
  path.join(root, "dist/reports/page/template.html"),
  html.replace(charset, () => `${charset}\n    ${meta}`),
);
