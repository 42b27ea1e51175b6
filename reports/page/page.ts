/**
 * The page: one HTML file that asks nothing of anybody. The app is built into a template once, when lossbound is built;
 * a result is put in as JSON between two tags that no browser runs.
 *
 *     <meta … Content-Security-Policy: only the script with this hash, no request to anywhere>
 *     <script type="application/json" id="lossbound-data">{ … }</script>      what came from stores and their keys
 *     <script type="module">…</script>                                        what we wrote
 *
 * Two walls against markup in a key or a log line: the JSON holds no `<`, and a script that got in would not run.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { PageContent } from "./page-data.ts";

/** Stands in the template where the data go. */
const slot = '"lossbound-data-goes-here"';

export function renderPage(data: PageContent, template: string = shippedTemplate()): string {
  const [before, after, ...rest] = template.split(slot);
  if (before === undefined || after === undefined || rest.length > 0) throw new Error("the page's template is damaged");
  return `${before}${inert(data)}${after}`;
}

/** JSON in which nothing can end the element that it stands in, or be read as another one's beginning. */
function inert(data: PageContent): string {
  const escapes: Record<string, string> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
  return JSON.stringify(data).replace(/[<>&]/g, (character) => escapes[character] ?? "");
}

/** Built beside the compiled code by `npm run build`. */
function shippedTemplate(): string {
  let root = import.meta.dirname;
  while (!existsSync(path.join(root, "package.json"))) root = path.dirname(root);
  return readFileSync(path.join(root, "dist/reports/page/template.html"), "utf8");
}
