/** All reporters. A new one is a file and a line here; the contract suite then tests it like the others. */
import { blob } from "./blob.ts";
import { github } from "./github.ts";
import { html } from "./html.ts";
import { json } from "./json.ts";
import { junit } from "./junit.ts";
import type { Reporter } from "./reporter.ts";
import { text } from "./text.ts";

export const reporters: readonly Reporter[] = [text, json, junit, github, html, blob];
