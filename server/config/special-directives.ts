/** The directives whose values have a form of their own. */
import path from "node:path";
import { BadValue, type Directive, printBytes, quote, readBytes } from "./directive.ts";

/** Save when `changes` keys changed and more than `seconds` passed since the last save. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** `save 3600 1 300 100`, or `save ""` for none. */
export const savePoints: Directive<readonly SavePoint[]> = {
  manyWords: true,
  initial: [
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10000 },
  ],
  read(words) {
    if (words.length === 1 && words[0] === "") return [];
    if (words.length % 2 === 1 || !words.every((word) => /^\d{1,10}$/.test(word))) {
      throw new BadValue("Invalid save parameters");
    }
    const points: SavePoint[] = [];
    for (let index = 0; index < words.length; index += 2) {
      points.push({ seconds: Number(words[index]), changes: Number(words[index + 1]) });
    }
    if (points.some(({ seconds }) => seconds < 1)) throw new BadValue("Invalid save parameters");
    return points;
  },
  print: (points) => points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(" "),
  lines: (points) => (points.length === 0 ? ['""'] : points.map(({ seconds, changes }) => `${seconds} ${changes}`)),
  gather: (before, more) => (more.length === 0 ? [] : [...before, ...more]),
};

/** What a client's unread replies may grow to. 0: no limit. */
export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  /** How long the soft limit may be exceeded. */
  readonly softSeconds: number;
}

export type OutputClass = "normal" | "slave" | "pubsub";

const megabyte = 1024 ** 2;

/** `client-output-buffer-limit pubsub 32mb 8mb 60`: hard limit, soft limit, and how long the soft one may last. */
export const outputLimits: Directive<Readonly<Record<OutputClass, OutputLimit>>> = {
  manyWords: true,
  initial: {
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    slave: { hardBytes: 256 * megabyte, softBytes: 64 * megabyte, softSeconds: 60 },
    pubsub: { hardBytes: 32 * megabyte, softBytes: 8 * megabyte, softSeconds: 60 },
  },
  read(words, before) {
    if (words.length % 4 !== 0) throw new BadValue("Wrong number of arguments in buffer limit configuration.");
    const limits = { ...before };
    for (let index = 0; index < words.length; index += 4) {
      const [name = "", hard = "", soft = "", seconds = ""] = words.slice(index, index + 4);
      const outputClass = outputClassOf(name);
      if (!/^\d+$/.test(seconds)) {
        throw new BadValue("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
      }
      try {
        limits[outputClass] = { hardBytes: readBytes(hard), softBytes: readBytes(soft), softSeconds: Number(seconds) };
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
        throw new BadValue("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
      }
    }
    return limits;
  },
  print: (limits) =>
    classes
      .map((name) => `${name} ${limits[name].hardBytes} ${limits[name].softBytes} ${limits[name].softSeconds}`)
      .join(" "),
  lines: (limits) =>
    classes.map((name) => {
      const { hardBytes, softBytes, softSeconds } = limits[name];
      const shown = name === "slave" ? "replica" : name;
      return `${shown} ${printBytes(hardBytes)} ${printBytes(softBytes)} ${softSeconds}`;
    }),
};

const classes: readonly OutputClass[] = ["normal", "slave", "pubsub"];

function outputClassOf(name: string): OutputClass {
  const lower = name.toLowerCase() === "replica" ? "slave" : name.toLowerCase();
  const found = classes.find((known) => known === lower);
  if (found === undefined) throw new BadValue("Invalid client class specified in buffer limit configuration.");
  return found;
}

/** `bind 127.0.0.1 -::1`: a leading `-` means that the address need not exist on this machine. */
export const bindAddresses: Directive<readonly string[]> = {
  manyWords: true,
  initial: ["127.0.0.1", "-::1"],
  read(words) {
    if (words.length > 16) throw new BadValue("Too many bind addresses specified.");
    return words.length === 1 && words[0] === "" ? [] : words;
  },
  print: (addresses) => addresses.join(" "),
  lines: (addresses) => [addresses.length === 0 ? '""' : addresses.join(" ")],
};

/** `user alice on >secret ~a:* +@read`, a line for each user: its name and its rules. */
export const userLines: Directive<readonly (readonly string[])[]> = {
  fixed: true,
  hidden: true,
  manyWords: true,
  initial: [],
  read: (words) => [words],
  print: (users) => users.map((words) => words.join(" ")).join(" "),
  lines: (users) => users.map((words) => words.join(" ")),
  gather: (before, more) => [...before, ...more],
};

/** The classes of keyspace notifications, in the order in which CONFIG GET prints them. */
const notificationClasses = "g$lshzxetd";

/** `notify-keyspace-events KEA`, kept as its letters; `A` stands for all classes but `n` and `m`. */
export const notificationLetters: Directive<string> = {
  initial: "",
  read([word = ""]) {
    if (!/^[g$lshzxetdKEAnm]*$/.test(word)) {
      throw new BadValue("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
    const letters = new Set(word.replaceAll("A", notificationClasses));
    const all = [...notificationClasses].every((letter) => letters.has(letter));
    const shown = all ? "A" : [...notificationClasses].filter((letter) => letters.has(letter)).join("");
    return shown + [..."nKEm"].filter((letter) => letters.has(letter)).join("");
  },
  print: (letters) => letters,
  lines: (letters) => [`"${letters}"`],
};

/** Where the data is kept: absolute, whatever was written. Relative words are taken from where the server is now. */
export const dataDir: Directive<string> = {
  isProtected: true,
  deniedWhileLoading: true,
  initial: "/",
  read: ([word = ""], before) => path.posix.resolve(before, word),
  print: (value) => value,
  lines: (value) => [quote(value)],
};

/** Numbers of per cent, between blanks; none at all is right as well. */
export function percentiles(initial: string): Directive<string> {
  return {
    initial,
    read([line = ""]) {
      const numbers = line.split(/\s+/).filter(Boolean).map(Number);
      if (numbers.every((percent) => percent >= 0 && percent <= 100)) return numbers.join(" ");
      throw new BadValue("latency-tracking-info-percentiles accepts numbers from 0 to 100");
    },
    print: (value) => value,
    lines: (value) => [quote(value)],
  };
}

/** `replicaof host port`, or `replicaof no one`, which is what there is without it. */
export const masterAddress: Directive<string> = {
  fixed: true,
  alias: "slaveof",
  manyWords: true,
  initial: "",
  read(words) {
    const line = words.join(" ");
    if (line === "" || line.toLowerCase() === "no one") return "";
    if (words.length !== 2) throw new BadValue("wrong number of arguments");
    const port = Number(words[1]);
    if (!/^\d+$/.test(words[1] as string) || port > 65535) throw new BadValue("Invalid master port");
    return line;
  },
  print: (value) => value,
  lines: () => [],
};
