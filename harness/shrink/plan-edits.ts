/**
 * How a plan gets smaller, as plain functions from plan to plan. What can be left out is named by its place, so that a
 * list of places is all that ddmin needs to know:
 *
 *     link 0 ─ client 2 ─ batch 5 ─ call 1 ─ request 0
 */
import { operationOf } from "../operations/operations.ts";
import type { LinkPlan, Plan, PlannedFault } from "../plan.ts";
import type { Call, Request } from "../recording/history.ts";
import type { Config } from "../targets/target.ts";
import type { Batch, ClientPlan } from "../workload/workload.ts";

/** Numbers from the outermost to the innermost, joined: `0.2.5.1`. */
export type Place = string;

const placeOf = (...numbers: readonly number[]): Place => numbers.join(".");

// ── Links, clients ────────────────────────────────────────────────────────────────────────────────────────────────

export function withLinks(plan: Plan, fromLink: number, toLink = plan.links.length): Plan {
  return { ...plan, links: plan.links.slice(fromLink, toLink) };
}

export function clientsOf(plan: Plan): Place[] {
  return plan.links.flatMap(({ clients }, link) =>
    clients.flatMap(({ batches }, client) => (batches.length > 0 ? [placeOf(link, client)] : [])),
  );
}

/** The others keep their connection, and ask nothing: who comes after them is still the same client. */
export function withClients(plan: Plan, kept: readonly Place[]): Plan {
  const stays = new Set(kept);
  return withEachClient(plan, (client, link, index) =>
    stays.has(placeOf(link, index)) ? client : { ...client, batches: [] },
  );
}

/** Connections that ask nothing. */
export function withoutIdleClients(plan: Plan): Plan {
  return withEachLink(plan, (link) => ({ ...link, clients: link.clients.filter(({ batches }) => batches.length > 0) }));
}

// ── Calls, and what they are made of ──────────────────────────────────────────────────────────────────────────────

export function callsOf(plan: Plan): Place[] {
  return placesOfCalls(plan).map(({ place }) => place);
}

/** When a call leaves is not changed by leaving out others before it: pauses are added up. */
export function withCalls(plan: Plan, kept: readonly Place[]): Plan {
  const stays = new Set(kept);
  return withEachCall(plan, (call, place) => (stays.has(place) ? call : undefined));
}

/** Requests of transactions that have several. */
export function innerRequestsOf(plan: Plan): Place[] {
  return placesOfCalls(plan).flatMap(({ place, call: { requests } }) =>
    requests.length < 2 ? [] : requests.map((_, index) => `${place}.${index}`),
  );
}

export function withInnerRequests(plan: Plan, kept: readonly Place[]): Plan {
  const stays = new Set(kept);
  return withEachCall(plan, (call, place) => {
    if (call.requests.length < 2) return call;
    const requests = call.requests.filter((_, index) => stays.has(`${place}.${index}`));
    return requests.length === 0 ? undefined : { ...call, requests };
  });
}

/** Ids of streams are numbers too. */
const isNumber = (text: string) => /^[-+]?[\d.]+(-\d+)?$/.test(text);

/** The longest argument that is neither a key nor a number, in bytes. */
export function longestValueOf(plan: Plan): number {
  const lengths = placesOfCalls(plan).flatMap(({ call }) => call.requests.flatMap((each) => valuesOf(each)));
  return lengths.reduce((most, { length }) => Math.max(most, length), 0);
}

export function withValuesUpTo(plan: Plan, lengthMax: number): Plan {
  return withEachCall(plan, (call) => ({ ...call, requests: call.requests.map((each) => shortened(each, lengthMax)) }));
}

function valuesOf(request: Request): string[] {
  const keys = new Set(operationOf(request).keys(request));
  return request.slice(1).filter((argument) => !keys.has(argument) && !isNumber(argument));
}

function shortened(request: Request, lengthMax: number): Request {
  const values = new Set(valuesOf(request));
  return request.map((argument, index) =>
    index > 0 && values.has(argument) ? argument.slice(0, lengthMax) : argument,
  );
}

// ── What else befalls the store ───────────────────────────────────────────────────────────────────────────────────

/** Rewrites, snapshots, killed savers, disk faults, saves. */
export function eventsOf(plan: Plan): Place[] {
  return plan.links.flatMap(({ savesAtAcks, fault }, link) => [
    ...savesAtAcks.map((_, index) => `${link}.save.${index}`),
    ...Object.entries(eventLists(fault)).flatMap(([name, list]) => list.map((_, index) => `${link}.${name}.${index}`)),
  ]);
}

export function withEvents(plan: Plan, kept: readonly Place[]): Plan {
  const stays = new Set(kept);
  return withEachLink(plan, (link, at) => {
    const lists = Object.entries(eventLists(link.fault)).map(([name, list]) => [
      name,
      list.filter((_, index) => stays.has(`${at}.${name}.${index}`)),
    ]);
    return {
      ...link,
      savesAtAcks: link.savesAtAcks.filter((_, index) => stays.has(`${at}.save.${index}`)),
      fault: { ...link.fault, ...Object.fromEntries(lists) } as PlannedFault,
    };
  });
}

function eventLists(fault: PlannedFault): Record<string, readonly unknown[]> {
  if (fault.kind !== "power-cut") return {};
  const { jobsAtMs, orders = [], diskFaults = [] } = fault;
  return { jobsAtMs, orders, diskFaults };
}

/** A disk that takes no longer for a sync than to note it down. */
export function withoutSyncDelays(plan: Plan): Plan {
  return withEachLink(plan, (link) => {
    if (!("syncs" in link.fault)) return link;
    const { syncs: _, ...fault } = link.fault;
    return { ...link, fault };
  });
}

export function withoutPauses(plan: Plan): Plan {
  return withEachClient(plan, (client) => ({
    ...client,
    batches: client.batches.map((batch) => ({ ...batch, pauseMs: 0 })),
  }));
}

// ── When it ends ──────────────────────────────────────────────────────────────────────────────────────────────────

/** How long the last link lasts: in milliseconds of a power cut, in acks of a kill. Undefined: by something else. */
export function lengthOf(plan: Plan): number | undefined {
  const fault = plan.links.at(-1)?.fault;
  if (fault?.kind === "power-cut") return fault.lastsMs;
  return fault?.kind === "kill" && "acks" in fault.trigger ? fault.trigger.acks : undefined;
}

export function withLength(plan: Plan, length: number): Plan {
  const last = plan.links.length - 1;
  return withEachLink(plan, (link, at) => {
    const { fault } = link;
    if (at !== last) return link;
    if (fault.kind === "power-cut") return { ...link, fault: { ...fault, lastsMs: length } };
    if (fault.kind !== "kill" || !("acks" in fault.trigger)) return link;
    return { ...link, fault: { ...fault, trigger: { ...fault.trigger, acks: length } } };
  });
}

// ── Config ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A promise hangs on these: without them it would be another one. */
const promising = new Set(["appendonly", "appendfsync", "no-appendfsync-on-rewrite", "save"]);

export function knobsOf({ config }: Plan): Place[] {
  return config.flatMap(([name], index) => (promising.has(name.toLowerCase()) ? [] : [`${index}`]));
}

export function withKnobs(plan: Plan, kept: readonly Place[]): Plan {
  const knobs = new Set(knobsOf(plan));
  const stays = new Set(kept);
  const config: Config = plan.config.filter((_, index) => !knobs.has(`${index}`) || stays.has(`${index}`));
  return { ...plan, config };
}

// ── Through all of it ─────────────────────────────────────────────────────────────────────────────────────────────

function placesOfCalls(plan: Plan): { readonly place: Place; readonly call: Call }[] {
  return plan.links.flatMap(({ clients }, link) =>
    clients.flatMap(({ batches }, client) =>
      batches.flatMap(({ calls }, batch) =>
        calls.map((call, index) => ({ place: placeOf(link, client, batch, index), call })),
      ),
    ),
  );
}

function withEachLink(plan: Plan, change: (link: LinkPlan, index: number) => LinkPlan): Plan {
  return { ...plan, links: plan.links.map(change) };
}

function withEachClient(plan: Plan, change: (client: ClientPlan, link: number, index: number) => ClientPlan): Plan {
  return withEachLink(plan, (link, at) => ({
    ...link,
    clients: link.clients.map((client, index) => change(client, at, index)),
  }));
}

function withEachCall(plan: Plan, change: (call: Call, place: Place) => Call | undefined): Plan {
  return withEachClient(plan, (client, link, index) => {
    const batches: Batch[] = [];
    let pauseMs = 0;
    for (const [at, batch] of client.batches.entries()) {
      pauseMs += batch.pauseMs;
      const calls = batch.calls.flatMap((call, number) => change(call, placeOf(link, index, at, number)) ?? []);
      if (calls.length === 0) continue;
      batches.push({ pauseMs, calls });
      pauseMs = 0;
    }
    return { ...client, batches };
  });
}
