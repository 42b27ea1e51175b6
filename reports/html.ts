/** The page that people open in the morning: one self-contained file. */

import { renderPage } from "./page/page.ts";
import { pageData } from "./page/page-data.ts";
import type { Reporter } from "./reporter.ts";

export const html: Reporter = {
  name: "html",
  what: "the page, one self-contained file for a browser",
  render: (report) => `${renderPage(pageData(report)).trimEnd()}\n`,
};
