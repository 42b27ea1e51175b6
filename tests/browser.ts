/** A real browser, headless and on its own: no profile of anybody, no request of its own making. */
import { type Browser, chromium, type Page } from "playwright-core";
import { needExecutable } from "./needs.ts";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Skips the test when this machine has no chromium. The profile is a new empty folder, removed when it closes. */
export async function openBrowser(context: Mocha.Context): Promise<Browser> {
  return chromium.launch({ executablePath: needExecutable(context, "chromium"), args: flags, headless: true });
}

/** What a page did that it should not: complaints on its console, errors, requests beyond its own file. */
export function watched(page: Page): { readonly trouble: readonly string[] } {
  const trouble: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "info" && message.type() !== "log") trouble.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(error.stack ?? error.message));
  let asked = 0;
  page.on("request", (request) => {
    if (asked++ > 0) trouble.push(`request: ${request.url()}`);
  });
  return { trouble };
}
