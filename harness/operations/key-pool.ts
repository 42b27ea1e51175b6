/**
 * Where a generator takes names and values from. A pool belongs to one client, and so do its keys: what that client
 * writes is then a sequence, and the oracle needs no search (O5).
 *
 * Nearly all deadlines are decades away: an expired key proves nothing, so a history in which keys expire asserts less,
 * and a bundle that is replayed next year would be judged otherwise (O4). Near ones are an explicit choice.
 */
import type { Random } from "../random.ts";
import type { Bytes } from "../recording/history.ts";

/** What a key is used for. Most are types of the store; counters are strings that hold whole numbers or decimals. */
export type KeyUse = "string" | "counter" | "decimal" | "list" | "hash" | "set" | "zset" | "stream";

const uses: readonly KeyUse[] = ["string", "counter", "decimal", "list", "hash", "set", "zset", "stream"];

export interface KeyPoolOptions {
  /** Keys of this client, over all uses. */
  readonly keys: number;
  readonly valueBytes: { readonly least: number; readonly most: number };
  /** Databases 0 to this, less one, that the client may use. */
  readonly databases: number;
  readonly deadlines: "far" | "near";
}

const farMs = { first: Date.UTC(2060, 0), span: 1_000 * 86_400_000 };
const farSeconds = { first: 1_000_000_000, span: 500_000_000 };
const nearMs = { first: 40, span: 1_500 };

export class KeyPool {
  readonly random: Random;
  readonly client: number;
  private readonly options: KeyPoolOptions;
  private readonly keysOfUse: ReadonlyMap<KeyUse, readonly Bytes[]>;
  private readonly sketches: readonly Bytes[];
  private elementsDrawn = 0;
  private streamIdsDrawn = 0;

  constructor(random: Random, client: number, options: KeyPoolOptions) {
    this.random = random;
    this.client = client;
    this.options = options;
    const each = Math.max(1, Math.round(options.keys / uses.length));
    const names = (use: string) => Array.from({ length: each }, (_, index) => keyName(client, use, index));
    this.keysOfUse = new Map(uses.map((use) => [use, names(use)]));
    this.sketches = names("sketch");
  }

  /** Now and then one that is used otherwise: a command must also fail on the wrong type, and SET replaces any. */
  key(use: KeyUse): Bytes {
    const odd = this.random.chance(0.02);
    return this.random.pick(this.keysOfUse.get(odd ? this.random.pick(uses) : use) as readonly Bytes[]);
  }

  /** One that any command may meet. */
  openKey(): Bytes {
    return this.key(this.random.pick(uses));
  }

  /** One that only commands on HyperLogLogs, and those on keys whatever they hold, may meet. */
  sketch(): Bytes {
    return this.random.pick(this.sketches);
  }

  /** For commands that leave a key its name. */
  anyKey(): Bytes {
    return this.random.chance(1 / (uses.length + 1)) ? this.sketch() : this.openKey();
  }

  /** Binary, of any length that the options allow. */
  value(): Bytes {
    const { least, most } = this.options.valueBytes;
    const length = least + this.random.below(most - least + 1);
    if (this.random.chance(0.1)) return text(length, () => String.fromCharCode(this.random.below(256)));
    // The rest is text, and half of it compresses: stores treat it otherwise than noise.
    const letter = () => alphabet[this.random.below(alphabet.length)] as string;
    if (this.random.chance(0.5)) return text(length, letter);
    return text(8, letter)
      .repeat(Math.ceil(length / 8))
      .slice(0, length);
  }

  /** Never drawn before, by any client: where it turns up later says which call put it there. */
  element(): Bytes {
    return `e${this.client}.${this.elementsDrawn++}`;
  }

  /** One of the last few elements that were drawn; it may be in a list still. */
  earlierElement(): Bytes {
    return `e${this.client}.${Math.max(0, this.elementsDrawn - this.count(20))}`;
  }

  /** Above every one drawn before, and above what any clock gives. */
  nextStreamId(): Bytes {
    return streamIdOf(++this.streamIdsDrawn);
  }

  /** One of the last few ids that were drawn. */
  earlierStreamId(): Bytes {
    return streamIdOf(Math.max(1, this.streamIdsDrawn - this.random.below(30)));
  }

  /** One of a few: fields of a hash, members of a set. */
  member(): Bytes {
    const number = this.random.below(20);
    return number === 0 ? "\x00\r\n\xff" : `m${number}`;
  }

  whole(): string {
    return String(this.random.below(2_001) - 1_000);
  }

  /** Sums of eighths are exact in every floating-point format, so that a model and a store agree to the last digit. */
  decimal(): string {
    return String((this.random.below(1_601) - 800) / 8);
  }

  score(): string {
    if (this.random.chance(0.02)) return this.random.pick(["inf", "-inf"]);
    return this.random.chance(0.5) ? this.whole() : this.decimal();
  }

  count(limit: number): number {
    return 1 + this.random.below(limit);
  }

  database(): number {
    return this.random.below(this.options.databases);
  }

  /** A length of time until a key expires. */
  lifeMs(): number {
    if (this.options.deadlines === "near") return nearMs.first + this.random.below(nearMs.span);
    return this.lifeSeconds() * 1_000 + this.random.below(1_000);
  }

  lifeSeconds(): number {
    if (this.options.deadlines === "near") return 1 + this.random.below(2);
    return farSeconds.first + this.random.below(farSeconds.span);
  }

  /** A moment at which a key expires; always far, because a plan does not know when it is carried out. */
  deadlineMs(): number {
    return farMs.first + this.random.below(farMs.span);
  }

  deadlineSeconds(): number {
    return Math.floor(this.deadlineMs() / 1_000);
  }
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

function streamIdOf(number: number): Bytes {
  return `${farMs.first + number}-${number % 3}`;
}

function keyName(client: number, use: string, index: number): Bytes {
  // One binary name of each use: names are bytes, and logs and snapshots must keep them so.
  return index === 1 ? `c${client}:${use}:\x00\r\n\xfe` : `c${client}:${use}:${index}`;
}

function text(length: number, draw: () => string): string {
  return Array.from({ length }, draw).join("");
}
