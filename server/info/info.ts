/** INFO: what a server says about itself, in sections. Adding one is a file, or a function, and a line here. */
import type { Server } from "../server.ts";
import { commandStatistics, errorStatistics, latencyStatistics, statistics } from "./activity.ts";
import { clients, cpu, keyspace, memory, replication, server as serverSection } from "./state.ts";

/** In order. */
export type Fields = readonly (readonly [name: string, value: string | number])[];

interface Section {
  readonly title: string;
  /** Shown when nothing special is asked for. */
  readonly usual: boolean;
  readonly fields: (server: Server) => Fields;
}

const sections: readonly Section[] = [
  { title: "Server", usual: true, fields: serverSection },
  { title: "Clients", usual: true, fields: clients },
  { title: "Memory", usual: true, fields: memory },
  { title: "Persistence", usual: true, fields: ({ persistence }) => persistence.info() },
  { title: "Stats", usual: true, fields: statistics },
  { title: "Replication", usual: true, fields: replication },
  { title: "CPU", usual: true, fields: cpu },
  { title: "Modules", usual: true, fields: () => [] },
  { title: "Commandstats", usual: false, fields: commandStatistics },
  { title: "Latencystats", usual: false, fields: latencyStatistics },
  { title: "Errorstats", usual: true, fields: errorStatistics },
  { title: "Cluster", usual: true, fields: () => [["cluster_enabled", 0]] },
  { title: "Keyspace", usual: true, fields: keyspace },
];

/** `words` name sections, or `all`, `everything`, `default`; none: the usual ones. */
export function describeServer(server: Server, words: readonly string[]): string {
  const asked = new Set(words.map((word) => word.toLowerCase()));
  const isAll = asked.has("all") || asked.has("everything");
  const isUsual = asked.size === 0 || asked.has("default");
  return sections
    .filter(({ title, usual }) => isAll || (isUsual && usual) || asked.has(title.toLowerCase()))
    .map(({ title, fields }) => {
      const lines = fields(server).map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${title}\r\n${lines.join("")}`;
    })
    .join("\r\n");
}
