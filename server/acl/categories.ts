/** The categories of commands: what an access rule such as `+@read` means. Mostly they follow from group and flags. */
import type { Command, Flag } from "../commands/command.ts";

/** In the order in which ACL CAT lists them. */
export const allCategories = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

const groupCategories: Readonly<Record<string, string>> = {
  generic: "keyspace",
  string: "string",
  list: "list",
  hash: "hash",
  set: "set",
  sorted_set: "sortedset",
  "sorted-set": "sortedset",
  stream: "stream",
  bitmap: "bitmap",
  hyperloglog: "hyperloglog",
  geo: "geo",
  pubsub: "pubsub",
  connection: "connection",
  transactions: "transaction",
};

/** What does not follow: further ones of single commands. */
const further: Readonly<Record<string, readonly string[]>> = {
  debug: ["admin", "dangerous"],
  restore: ["dangerous"],
  migrate: ["dangerous"],
  swapdb: ["keyspace", "dangerous"],
  flushdb: ["keyspace", "dangerous"],
  flushall: ["keyspace", "dangerous"],
  keys: ["dangerous"],
  dbsize: ["keyspace"],
  lastsave: ["admin", "dangerous"],
  info: ["dangerous"],
  role: ["admin", "dangerous"],
  wait: ["connection"],
  waitaof: ["connection"],
  sort: ["set", "sortedset", "list", "dangerous"],
  sort_ro: ["set", "sortedset", "list", "dangerous"],
};
/** The category of these does not come from their group. */
const withoutGroup = new Set(["wait", "waitaof", "sort", "sort_ro"]);

export function categoriesOf({ name, flags, group, subcommands }: Command): string[] {
  const has = (flag: Flag) => flags.has(flag);
  const groupName = withoutGroup.has(name) ? undefined : groupCategories[group];
  const pace = has("fast") ? "fast" : "slow";
  // Of a command that is only a name for others nothing is known but that.
  if (subcommands !== undefined) return [...(further[name] ?? []), pace];
  return [
    ...new Set([
      ...(has("write") ? ["write"] : []),
      ...(has("readonly") ? ["read"] : []),
      ...(groupName === undefined ? [] : [groupName]),
      ...(name.startsWith("command|") ? ["connection"] : []),
      ...(has("admin") ? ["admin", "dangerous"] : []),
      ...(has("pubsub") ? ["pubsub"] : []),
      ...(further[name] ?? []),
      pace,
      ...(has("blocking") ? ["blocking"] : []),
    ]),
  ];
}
