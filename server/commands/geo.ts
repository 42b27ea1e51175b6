/** Places: GEOADD, GEOPOS, GEODIST, GEOHASH, and the searches. A place is a member of a sorted set, see geohash.ts. */
import { NEVER } from "../keyspace/slot-table.ts";
import { Double, NIL_ARRAY, type Reply, ReplyError, SYNTAX_ERROR } from "../resp/reply.ts";
import type { Session } from "../session.ts";
import {
  type Area,
  cellNumber,
  cellOf,
  cellsAround,
  distanceInside,
  distanceM,
  finestStep,
  firstScore,
  geohashText,
  longestLatitude,
  longestLongitude,
  type Place,
  placeOf,
  scoreCount,
} from "../types/geohash.ts";
import { SortedSetValue } from "../types/sorted-set.ts";
import { double, integer } from "./arguments.ts";
import { ofType } from "./collections.ts";
import { type Args, type Command, type Flag, ONE_KEY } from "./command.ts";
import { addToSortedSet, readSortedSet } from "./sorted-sets.ts";

const group = "geo";
const reads: ReadonlySet<Flag> = new Set(["readonly"]);
const writes: ReadonlySet<Flag> = new Set(["write", "denyoom"]);

const metresPerUnit: Readonly<Record<string, number>> = { M: 1, KM: 1000, FT: 0.3048, MI: 1609.34 };

function readUnit(text: string): number {
  const unit = metresPerUnit[text.toUpperCase()];
  if (unit === undefined) throw new ReplyError("ERR unsupported unit provided. please use M, KM, FT, MI");
  return unit;
}

function readPlace(args: Args, at: number): Place {
  const longitude = double(args[at] as string);
  const latitude = double(args[at + 1] as string);
  if (Math.abs(longitude) > longestLongitude || Math.abs(latitude) > longestLatitude) {
    throw new ReplyError(`ERR invalid longitude,latitude pair ${longitude.toFixed(6)},${latitude.toFixed(6)}`);
  }
  return { longitude, latitude };
}

function placeOfMember(set: SortedSetValue | undefined, member: string): Place | undefined {
  const score = set?.score(member);
  return score === undefined ? undefined : placeOf(score);
}

// ── One place ───────────────────────────────────────────────────────────────────────────────────────────────────────

function add(args: Args, session: Session): Reply {
  let from = 2;
  while (/^(nx|xx|ch)$/i.test(args[from] ?? "")) from++;
  const words = args.slice(2, from).map((word) => word.toUpperCase());
  if ((args.length - from) % 3 !== 0 || (words.includes("NX") && words.includes("XX"))) throw SYNTAX_ERROR;
  const request = ["zadd", ...args.slice(1, from)];
  for (let at = from; at < args.length; at += 3) {
    request.push(String(firstScore(cellOf(readPlace(args, at), finestStep))), args[at + 2] as string);
  }
  const { keyspace } = session.server;
  const before = keyspace.dirty;
  const reply = addToSortedSet(request, session);
  if (keyspace.dirty > before) session.logAs(request);
  return reply;
}

/** As printf's `%.17Lf` has it, without zeros at the end. */
function coordinate(value: number): Double {
  const text = value.toFixed(17).replace(/\.?0+$/, "");
  return new Double(value, text === "-0" ? "0" : text);
}

function coordinates({ longitude, latitude }: Place): Reply {
  return [coordinate(longitude), coordinate(latitude)];
}

/** Four digits are a tenth of a millimetre, or of a metre. */
function distanceText(distance: number): string {
  const scaled = distance * 10_000;
  const whole = Math.floor(scaled);
  // A half is rounded to the even one.
  const rounded = scaled - whole === 0.5 ? whole + (whole % 2) : Math.round(scaled);
  const digits = String(rounded).padStart(5, "0");
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

function distance(args: Args, session: Session): Reply {
  const [, , first = "", second = "", unit = "M"] = args;
  if (args.length > 5) throw SYNTAX_ERROR;
  const metres = readUnit(unit);
  const set = readSortedSet(session, args);
  const [from, to] = [placeOfMember(set, first), placeOfMember(set, second)];
  return from === undefined || to === undefined ? null : distanceText(distanceM(from, to) / metres);
}

// ── Searches ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A search whose source is not there is read to its end, for what is wrong with it, and knows no area. */
interface Search {
  area: Area | undefined;
  metres: number;
  order: "ASC" | "DESC" | undefined;
  count: number;
  any: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  store: string | undefined;
  storeDistance: boolean;
}

interface Found {
  readonly member: string;
  readonly score: number;
  readonly place: Place;
  readonly distanceM: number;
}

function readDistance(args: Args, at: number): { radiusM: number; metres: number } {
  const radius = double(args[at] as string, "ERR need numeric radius");
  if (radius < 0) throw new ReplyError("ERR radius cannot be negative");
  const metres = readUnit(args[at + 1] as string);
  return { radiusM: radius * metres, metres };
}

function readBox(args: Args, at: number): { widthM: number; heightM: number; metres: number } {
  const width = double(args[at] as string, "ERR need numeric width");
  const height = double(args[at + 1] as string, "ERR need numeric height");
  if (width < 0 || height < 0) throw new ReplyError("ERR height or width cannot be negative");
  const metres = readUnit(args[at + 2] as string);
  return { widthM: width * metres, heightM: height * metres, metres };
}

function memberPlace(set: SortedSetValue, member: string): Place {
  const place = placeOfMember(set, member);
  if (place === undefined) throw new ReplyError("ERR could not decode requested zset member");
  return place;
}

function newSearch(): Search {
  return {
    ...{ area: undefined, metres: 1, order: undefined, count: 0, any: false, store: undefined, storeDistance: false },
    ...{ withDistance: false, withHash: false, withPlace: false },
  };
}

/** An option that all searches know. Gives how many words it took; 0: it is another one. */
function readCommonOption(args: Args, at: number, search: Search): number {
  const word = (args[at] as string).toUpperCase();
  if (word === "WITHDIST") search.withDistance = true;
  else if (word === "WITHHASH") search.withHash = true;
  else if (word === "WITHCOORD") search.withPlace = true;
  else if (word === "ANY") search.any = true;
  else if (word === "ASC" || word === "DESC") search.order = word;
  else if (word === "COUNT" && at + 1 < args.length) {
    search.count = integer(args[at + 1] as string);
    if (search.count <= 0) throw new ReplyError("ERR COUNT must be > 0");
    return 2;
  } else return 0;
  return 1;
}

function checkSearch(search: Search, storing: string): void {
  if (search.store !== undefined && (search.withDistance || search.withHash || search.withPlace)) {
    throw new ReplyError(`ERR ${storing} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  }
  if (search.any && search.count === 0) throw new ReplyError("ERR the ANY argument requires COUNT argument");
}

/** GEORADIUS and GEORADIUSBYMEMBER: the area first, the options behind it. */
function radius(from: "place" | "member", mayStore: boolean) {
  return (args: Args, session: Session): Reply => {
    const set = ofType(SortedSetValue, session.db.get(args[1] as string));
    const search = newSearch();
    const optionsAt = from === "place" ? 6 : 5;
    if (from === "place" || set !== undefined) {
      const centre = from === "place" ? readPlace(args, 2) : memberPlace(set as SortedSetValue, args[2] as string);
      const { radiusM, metres } = readDistance(args, optionsAt - 2);
      search.area = { centre, radiusM };
      search.metres = metres;
    }
    for (let at = optionsAt; at < args.length; ) {
      const word = (args[at] as string).toUpperCase();
      if (mayStore && (word === "STORE" || word === "STOREDIST") && at + 1 < args.length) {
        search.store = args[at + 1];
        search.storeDistance = word === "STOREDIST";
        at += 2;
        continue;
      }
      const taken = readCommonOption(args, at, search);
      if (taken === 0) throw SYNTAX_ERROR;
      at += taken;
    }
    checkSearch(search, "STORE option in GEORADIUS");
    return answer(session, set, search, "georadiusstore");
  };
}

/** GEOSEARCH and GEOSEARCHSTORE: the area is said by options as well. */
function searchArea(args: Args, session: Session, sourceAt: 1 | 2): Reply {
  const set = ofType(SortedSetValue, session.db.get(args[sourceAt] as string));
  const search = newSearch();
  const stores = sourceAt === 2;
  if (stores) search.store = args[1] as string;
  let centre: Place | undefined;
  let [fromMember, fromPlace] = [false, false];
  let circle: { radiusM: number } | undefined;
  let box: { widthM: number; heightM: number } | undefined;
  for (let at = sourceAt + 1; at < args.length; ) {
    const word = (args[at] as string).toUpperCase();
    const left = args.length - at - 1;
    if (word === "STOREDIST" && stores) {
      search.storeDistance = true;
      at++;
    } else if (word === "FROMMEMBER" && left >= 1 && !fromPlace) {
      fromMember = true;
      if (set !== undefined) centre = memberPlace(set, args[at + 1] as string);
      at += 2;
    } else if (word === "FROMLONLAT" && left >= 2 && !fromMember) {
      fromPlace = true;
      centre = readPlace(args, at + 1);
      at += 3;
    } else if (word === "BYRADIUS" && left >= 2 && box === undefined) {
      const { radiusM, metres } = readDistance(args, at + 1);
      circle = { radiusM };
      search.metres = metres;
      at += 3;
    } else if (word === "BYBOX" && left >= 3 && circle === undefined) {
      const { metres, ...sides } = readBox(args, at + 1);
      box = sides;
      search.metres = metres;
      at += 4;
    } else {
      const taken = readCommonOption(args, at, search);
      if (taken === 0) throw SYNTAX_ERROR;
      at += taken;
    }
  }
  const exactlyOne = (words: string) => new ReplyError(`ERR exactly one of ${words} can be specified for ${args[0]}`);
  if (!fromMember && !fromPlace) throw exactlyOne("FROMMEMBER or FROMLONLAT");
  if (circle === undefined && box === undefined) throw exactlyOne("BYRADIUS and BYBOX");
  checkSearch(search, "GEOSEARCHSTORE");
  if (centre !== undefined) search.area = { centre, ...((circle ?? box) as { radiusM: number }) };
  return answer(session, set, search, "geosearchstore");
}

function answer(session: Session, set: SortedSetValue | undefined, search: Search, event: string): Reply {
  const found = set === undefined || search.area === undefined ? [] : find(set, search.area, search);
  if (search.store !== undefined) return store(session, search.store, found, search, event);
  return found.map((each) => describe(each, search));
}

function find(set: SortedSetValue, area: Area, { order, count, any }: Search): Found[] {
  const found: Found[] = [];
  const enough = any ? count : Number.POSITIVE_INFINITY;
  for (const cell of cellsAround(area)) {
    const first = firstScore(cell);
    const last = first + scoreCount(cell.step);
    const from = set.countBelow((score) => score < first);
    const to = set.countBelow((score) => score < last);
    for (let rank = from; rank < to && found.length < enough; rank += 100) {
      for (const { member, score } of set.range(rank, Math.min(rank + 100, to))) {
        const place = placeOf(score);
        const inside = distanceInside(area, place);
        if (inside !== undefined && found.length < enough) found.push({ member, score, place, distanceM: inside });
      }
    }
  }
  // The nearest ones are wanted where only some are; that they are the first ones met is only asked for with ANY.
  const sortedBy = order ?? (count > 0 && !any ? "ASC" : undefined);
  if (sortedBy !== undefined) {
    const sign = sortedBy === "ASC" ? 1 : -1;
    found.sort((one, other) => sign * (one.distanceM - other.distanceM));
  }
  return count > 0 ? found.slice(0, count) : found;
}

function describe({ member, score, place, distanceM: metresAway }: Found, search: Search): Reply {
  const details: Reply[] = [];
  if (search.withDistance) details.push(distanceText(metresAway / search.metres));
  if (search.withHash) details.push(cellNumber(score));
  if (search.withPlace) details.push(coordinates(place));
  return details.length === 0 ? member : [member, ...details];
}

function store({ db, server }: Session, key: string, found: readonly Found[], search: Search, event: string): Reply {
  if (found.length > 0) {
    const set = new SortedSetValue(server.encodingLimits);
    const scoreOf = (each: Found) => (search.storeDistance ? each.distanceM / search.metres : each.score);
    for (const each of found) set.set(each.member, scoreOf(each));
    db.set(key, set, NEVER);
    db.changed(key, event, found.length);
  } else if (db.delete(key)) {
    db.changed(key, "del");
  }
  return found.length;
}

/** Of a search that may store what it finds: the last STORE or STOREDIST counts. */
function storingKeys(optionsAt: number) {
  return (args: Args): readonly string[] => {
    const at = args.findLastIndex((word, index) => index >= optionsAt && /^store(dist)?$/i.test(word));
    const target = at < 0 ? undefined : args[at + 1];
    return target === undefined ? [args[1] as string] : [args[1] as string, target];
  };
}

/** Answers for each member by its place; undefined when there is no such member. */
function ofEachMember(name: string, show: (place: Place | undefined) => Reply): Command {
  return {
    name,
    arity: -2,
    flags: reads,
    keys: ONE_KEY,
    group,
    run(args, session) {
      const set = readSortedSet(session, args);
      return args.slice(2).map((member) => show(placeOfMember(set, member)));
    },
  };
}

export const geoCommands: readonly Command[] = [
  { name: "geoadd", arity: -5, flags: writes, keys: ONE_KEY, group, run: add },
  ofEachMember("geopos", (place) => (place === undefined ? NIL_ARRAY : coordinates(place))),
  ofEachMember("geohash", (place) => (place === undefined ? null : geohashText(place))),
  { name: "geodist", arity: -4, flags: reads, keys: ONE_KEY, group, run: distance },
  { name: "georadius", arity: -6, flags: writes, keys: storingKeys(6), group, run: radius("place", true) },
  { name: "georadius_ro", arity: -6, flags: reads, keys: ONE_KEY, group, run: radius("place", false) },
  { name: "georadiusbymember", arity: -5, flags: writes, keys: storingKeys(5), group, run: radius("member", true) },
  { name: "georadiusbymember_ro", arity: -5, flags: reads, keys: ONE_KEY, group, run: radius("member", false) },
  {
    name: "geosearch",
    arity: -7,
    flags: reads,
    keys: ONE_KEY,
    group,
    run: (args, session) => searchArea(args, session, 1),
  },
  {
    name: "geosearchstore",
    arity: -8,
    flags: writes,
    keys: { first: 1, last: 2, step: 1 },
    group,
    run: (args, session) => searchArea(args, session, 2),
  },
];
