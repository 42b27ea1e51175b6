/** The page of a comparison: the same template, other content. */
import type { Comparison } from "../comparison.ts";
import { renderPage } from "./page.ts";

export function comparisonPage(comparison: Comparison): string {
  return renderPage({ comparison });
}
