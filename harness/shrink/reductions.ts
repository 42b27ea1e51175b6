/**
 * In which order a plan is made smaller. What takes most away with one probe comes first; what is left at the end is what
 * the trouble needs.
 *
 *     links ─▶ clients ─▶ what else happens ─▶ calls ─▶ their inner requests ─▶ values ─▶ time ─▶ config
 *                                                └── lists by ddmin, numbers by fast-check's own shrinking
 */
import fc from "fast-check";
import type { Plan } from "../plan.ts";
import { ddmin } from "./ddmin.ts";
import {
  callsOf,
  clientsOf,
  eventsOf,
  innerRequestsOf,
  knobsOf,
  lengthOf,
  longestValueOf,
  type Place,
  withCalls,
  withClients,
  withEvents,
  withInnerRequests,
  withKnobs,
  withLength,
  withLinks,
  withoutIdleClients,
  withoutPauses,
  withoutSyncDelays,
  withValuesUpTo,
} from "./plan-edits.ts";
import type { Failure } from "./player.ts";

/** Plays plans. What fails in the same way becomes the new best one. */
export interface Search {
  /** The smallest so far. */
  readonly failure: Failure;
  readonly plan: Plan;
  /** Whether this one fails in the same way. False when the time is over. */
  fails(candidate: Plan): Promise<boolean>;
}

export interface Reduction {
  /** As the progress says it. */
  readonly name: string;
  run(search: Search): Promise<void>;
}

export const reductions: readonly Reduction[] = [
  { name: "fewer links", run: fewerLinks },
  { name: "nothing after the crash", run: nothingAfterTheCrash },
  fewer("fewer clients", clientsOf, withClients),
  fewer("fewer events", eventsOf, withEvents),
  fewer("fewer calls", callsOf, withCalls),
  fewer("shorter transactions", innerRequestsOf, withInnerRequests),
  { name: "shorter values", run: shorterValues },
  { name: "no idle clients", run: (search) => simpler(search, withoutIdleClients) },
  { name: "less time", run: shorterTime },
  { name: "a faster disk", run: (search) => simpler(search, withoutSyncDelays) },
  fewer("fewer directives", knobsOf, withKnobs),
  // Shorter and simpler as it is now, it may do with fewer still.
  fewer("fewer calls", callsOf, withCalls),
];

function fewer(
  name: string,
  placesOf: (plan: Plan) => readonly Place[],
  withPlaces: (plan: Plan, kept: readonly Place[]) => Plan,
): Reduction {
  return {
    name,
    async run(search) {
      // Places are those of this plan throughout.
      const { plan } = search;
      await ddmin(placesOf(plan), (kept) => search.fails(withPlaces(plan, kept)));
    },
  };
}

/** The last crash is the one that was judged: those before it go, from the first on. */
async function fewerLinks(search: Search): Promise<void> {
  while (search.plan.links.length > 1 && (await search.fails(withLinks(search.plan, 1))));
}

/** What had not been asked when the power went has no part in it. */
async function nothingAfterTheCrash(search: Search): Promise<void> {
  const { plan, failure } = search;
  const { history, cut } = failure.result.evidence;
  const last = plan.links.length - 1;
  const asked = history.clients.map((calls) => calls.filter(({ invokedNs }) => invokedNs <= cut.endNs).length);
  const count = new Map<string, number>();
  const kept = callsOf(plan).filter((place) => {
    const [link, client] = place.split(".");
    if (Number(link) !== last) return true;
    const number = (count.get(`${client}`) ?? 0) + 1;
    count.set(`${client}`, number);
    return number <= (asked[Number(client)] ?? 0);
  });
  if (kept.length < callsOf(plan).length) await search.fails(withCalls(plan, kept));
}

async function simpler(search: Search, edit: (plan: Plan) => Plan): Promise<void> {
  const candidate = edit(search.plan);
  if (JSON.stringify(candidate) !== JSON.stringify(search.plan)) await search.fails(candidate);
}

const valueBytesMin = 4;

async function shorterValues(search: Search): Promise<void> {
  const { plan } = search;
  await smaller(longestValueOf(plan), valueBytesMin, (length) => search.fails(withValuesUpTo(plan, length)));
}

async function shorterTime(search: Search): Promise<void> {
  await simpler(search, withoutPauses);
  const { plan } = search;
  const length = lengthOf(plan);
  if (length !== undefined) await smaller(length, 1, (shorter) => search.fails(withLength(plan, shorter)));
}

/** Goes down as fast-check goes down with a number: to the least at once, else by halves of what is left. */
async function smaller(value: number, least: number, fails: (candidate: number) => Promise<boolean>): Promise<void> {
  if (value <= least) return;
  const numbers = fc.integer({ min: least, max: value });
  let best: { readonly value: number; readonly context: unknown } = { value, context: undefined };
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of numbers.shrink(best.value, best.context)) {
      if (!(await fails(candidate.value))) continue;
      best = candidate;
      isSmaller = true;
      break;
    }
  }
}
