/** What every part of the page uses: signs of verdicts, sections, names of runs, the colours of the theme. */
import type { ComponentChildren } from "preact";
import type { PageRun } from "../../page-data.ts";

export type VerdictName = PageRun["verdict"];

const signs = { held: "✓", violated: "✗", unknown: "?" } as const;
const words = { held: "held", violated: "violated", unknown: "not known" } as const;

/** Never by colour alone. */
export function Sign({ verdict, word = false }: { readonly verdict: VerdictName; readonly word?: boolean }) {
  return (
    <span class={`sign ${verdict}`}>
      <span aria-hidden="true">{signs[verdict]}</span>
      <span class={word ? "" : "unseen"}> {words[verdict]}</span>
    </span>
  );
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly about: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Section({ id, title, about, children }: SectionProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p class="about">{about}</p>
      {children}
    </section>
  );
}

/** Wide things scroll on their own, by keyboard too, and never the page. */
export function Wide({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="wide" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** Enough to tell the runs of one result apart: what they all share is left away. */
export function nameOf(run: PageRun, runs: readonly PageRun[]): string {
  const differ = (of: (run: PageRun) => string) => new Set(runs.map(of)).size > 1;
  const parts = [
    ...(differ(({ scenario }) => scenario) ? [run.scenario] : []),
    run.preset,
    ...(differ(({ target }) => target) ? [run.target] : []),
  ];
  return parts.join(" · ");
}

/** A colour of the theme as it is now: canvases and charts cannot follow a variable. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
