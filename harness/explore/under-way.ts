/**
 * What was under way at each crash point that the names of files do not tell:
 *
 *     sync          one had begun and not ended
 *     bgsave:renamed   a snapshot had its name, and the folder had not been synced since
 *     rewrite:base-renamed   … the new base; rewrite:manifest-renamed: the manifest that names it
 *     recovery      the store had been started on what a crash left, and no client had come yet
 *     transaction   one had been asked for, and nobody had been told how it went
 *     expiry        the store removed a key by itself, whose time was over
 *     disk-fault    the disk had refused a write or a sync, and nothing had made good for it
 *     killed:tree   the life before had been killed with its children, and this one went on in its place
 *     killed:process   … without them (S8)
 *     orphan        a child that outlived it was still writing beside the successor
 *
 * A run that never came by there has tested nothing of it (N1).
 */
import type { CrashPoint } from "../disk/crash-points.ts";
import type { History } from "../recording/history.ts";
import type { Journal } from "../recording/journal.ts";
import type { KillSeen, Recording } from "../recording/recording.ts";
import type { Interval, StampNs } from "../recording/stamp.ts";
import { refusalsIn } from "./crash-facts.ts";

interface Window {
  readonly name: string;
  readonly interval: Interval;
}

export class UnderWay {
  /** By point: syncs that had begun and not ended. */
  private readonly openSyncs: Int32Array;
  private readonly recoveries: readonly Interval[];
  private readonly transactions: readonly Interval[];
  /** Indices of records that remove a key which no client removed. */
  private readonly removals: ReadonlySet<number>;
  private readonly refusals: readonly Interval[];
  private readonly named: readonly Window[];

  constructor({ journal, history, initial, kills = [], endNs }: Recording) {
    this.openSyncs = openSyncsIn(journal);
    const startsNs = [...(initial === undefined ? [] : [0]), ...kills.map(({ atNs }) => atNs)];
    this.recoveries = startsNs.map((startNs) => ({ startNs, endNs: firstCallAfter(history, startNs) }));
    this.transactions = transactionsIn(history);
    this.removals = removalsIn(journal, history);
    this.refusals = refusalsIn(journal).map(({ interval }) => interval);
    const laterLives = kills.flatMap((kill, at) => laterLife(journal, kill, kills[at + 1]?.atNs ?? endNs));
    this.named = [...laterLives, ...renamedIn(journal)];
  }

  at({ index, interval }: CrashPoint): string[] {
    const isIn = (each: Interval) => each.startNs <= interval.endNs && each.endNs >= interval.startNs;
    // A point that only ends where it begins has not seen it.
    const isWithin = (each: Interval) => each.startNs < interval.endNs && each.endNs > interval.startNs;
    return [
      ...((this.openSyncs[index] ?? 0) > 0 ? ["sync"] : []),
      ...(this.recoveries.some((each) => isIn(each) && each.endNs > interval.endNs) ? ["recovery"] : []),
      ...(this.transactions.some(isIn) ? ["transaction"] : []),
      ...(this.refusals.some(isIn) ? ["disk-fault"] : []),
      ...new Set(this.named.flatMap((each) => (isWithin(each.interval) ? [each.name] : []))),
      ...(this.removals.has(index) || this.removals.has(index - 1) ? ["expiry"] : []),
    ];
  }
}

/** What the exchange of a file is, by the name that it gets. */
const renamings: readonly (readonly [pattern: RegExp, window: string])[] = [
  [/\.manifest$/, "rewrite:manifest-renamed"],
  [/\.base\.(rdb|aof)$/, "rewrite:base-renamed"],
  [/\.rdb$/, "bgsave:renamed"],
];

/** A sync of the folder covers the names that it had when that began (S4). */
function renamedIn({ records }: Journal): Window[] {
  return records.flatMap((record, index) => {
    if (record.kind !== "rename") return [];
    const [, name] = renamings.find(([pattern]) => pattern.test(record.path)) ?? [];
    if (name === undefined) return [];
    const covered = records.find(
      (each, at) =>
        each.kind === "sync-end" && at > index && each.ok && each.inode === record.parent && each.start > index,
    );
    return [{ name, interval: { startNs: record.stampNs, endNs: covered?.stampNs ?? Number.MAX_SAFE_INTEGER } }];
  });
}

function laterLife({ records }: Journal, { atNs, scope, orphans }: KillSeen, untilNs: StampNs): Window[] {
  // A sync ends by itself, whether or not anybody is left who began it.
  const orphaned = records.findLast((record) => {
    return (
      record.stampNs > atNs && record.stampNs <= untilNs && record.kind !== "sync-end" && orphans.includes(record.tid)
    );
  });
  return [
    { name: `killed:${scope}`, interval: { startNs: atNs, endNs: untilNs } },
    ...(orphaned === undefined ? [] : [{ name: "orphan", interval: { startNs: atNs, endNs: orphaned.stampNs } }]),
  ];
}

function openSyncsIn({ records }: Journal): Int32Array {
  const open = new Int32Array(records.length + 1);
  for (const [index, { kind }] of records.entries()) {
    const change = kind === "sync-start" ? 1 : kind === "sync-end" ? -1 : 0;
    open[index + 1] = (open[index] as number) + change;
  }
  return open;
}

function firstCallAfter({ clients }: History, ns: StampNs): StampNs {
  const after = clients.flat().flatMap(({ invokedNs }) => (invokedNs > ns ? [invokedNs] : []));
  return Math.min(...after);
}

function transactionsIn({ clients }: History): Interval[] {
  return clients.flat().flatMap(({ call, invokedNs, completed }) => {
    return call.transaction ? [{ startNs: invokedNs, endNs: completed?.ns ?? Number.MAX_SAFE_INTEGER }] : [];
  });
}

const removal = /\*2\r\n\$3\r\nDEL\r\n\$\d+\r\n([^\r]*)\r\n/g;

function removalsIn(journal: Journal, { clients }: History): Set<number> {
  const asked = new Set(
    clients.flat().flatMap(({ call }) => {
      return call.requests.flatMap(([name = "", ...keys]) => (/^(DEL|UNLINK)$/i.test(name) ? keys : []));
    }),
  );
  const found = new Set<number>();
  for (const [index, record] of journal.records.entries()) {
    if (record.kind !== "write" || !/\.incr\.aof$/.test(record.path ?? "")) continue;
    const text = Buffer.from(journal.bytes(record)).toString("latin1");
    if ([...text.matchAll(removal)].some(([, key = ""]) => !asked.has(key))) found.add(index);
  }
  return found;
}
