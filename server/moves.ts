/**
 * MIGRATE's other half: keys on their way to another server.
 *
 *     MIGRATE host port key …      this server                          the other one
 *                                  AUTH … SELECT … RESTORE … RESTORE ─▶
 *                                  ◀─ OK  OK  OK  BUSYKEY
 *                                  DEL of those that it took
 *
 * Redis stands still meanwhile. Here only what writes is postponed, until the other server has answered or time is up:
 * nobody can change a key that is about to go. Connections are kept for a while, because keys often move in numbers.
 */
import { assert } from "./assert.ts";
import type { Server } from "./server.ts";
import { type Connection, describeAddress, type Timer } from "./world/world.ts";

const keptMs = 10_000;
const keptMax = 64;

type TcpAddress = { readonly host: string; readonly port: number };

/** Sent to the other server, which answers each with one line. */
export interface Errand {
  readonly address: TcpAddress;
  /** Of the other server. */
  readonly database: number;
  readonly auth: readonly string[] | undefined;
  readonly restores: readonly (readonly string[])[];
  readonly timeoutMs: number;
}

export interface Outcome {
  /** Of the restores, in order: whether the other server took it. Shorter when the answers did not all come. */
  readonly taken: readonly boolean[];
  /** The first error it answered, without the sign. */
  readonly refusal: string | undefined;
  /** Why answers are missing. */
  readonly trouble: "connecting" | "writing" | "reading" | undefined;
}

/** A connection that was used before, and may be again. */
interface Line {
  readonly name: string;
  readonly connection: Connection;
  database: number | undefined;
  usedMs: number;
  /** Who is told of answers and of the connection's end. */
  exchange: Exchange | undefined;
}

export class Moves {
  private readonly server: Server;
  private readonly lines = new Map<string, Line>();

  constructor(server: Server) {
    this.server = server;
  }

  get keptConnections(): number {
    return this.lines.size;
  }

  /** Runs an errand. Whoever asked is told on a later turn. */
  run(errand: Errand, done: (outcome: Outcome) => void): void {
    this.server.pause.holdWrites();
    const finish = (outcome: Outcome) => {
      this.server.pause.releaseWrites();
      done(outcome);
    };
    const kept = this.lines.get(describeAddress(errand.address));
    if (kept === undefined) this.runOnNewLine(errand, finish);
    else this.exchange(kept, errand, finish, "kept");
  }

  /** With every tick: connections that nobody used for a while are closed. */
  tick(): void {
    const nowMs = this.server.world.clock.monotonicMs();
    for (const line of [...this.lines.values()]) {
      if (line.exchange === undefined && nowMs - line.usedMs > keptMs) this.drop(line);
    }
  }

  private runOnNewLine(errand: Errand, done: (outcome: Outcome) => void): void {
    this.server.world.net.connect(errand.address, errand.timeoutMs).then(
      (connection) => this.exchange(this.keep(errand.address, connection), errand, done, "new"),
      () => done({ taken: [], refusal: undefined, trouble: "connecting" }),
    );
  }

  private keep(address: TcpAddress, connection: Connection): Line {
    // Any of them: which one goes is not worth a rule.
    const [first] = this.lines.values();
    if (first !== undefined && this.lines.size >= keptMax) this.drop(first);
    const name = describeAddress(address);
    const line: Line = { name, connection, database: undefined, usedMs: 0, exchange: undefined };
    this.lines.set(name, line);
    connection.onData((bytes) => line.exchange?.receive(Buffer.from(bytes).toString("latin1")));
    connection.onDrain(() => line.exchange?.progress());
    connection.onClosed(() => {
      if (this.lines.get(name) === line) this.lines.delete(name);
      line.exchange?.end("reading");
    });
    return line;
  }

  private exchange(line: Line, errand: Errand, done: (outcome: Outcome) => void, age: "kept" | "new"): void {
    const selects = line.database !== errand.database;
    const requests = [
      ...(errand.auth === undefined ? [] : [errand.auth]),
      ...(selects ? [["SELECT", String(errand.database)]] : []),
      ...errand.restores,
    ];
    const { clock } = this.server.world;
    const exchange = new Exchange(line.connection, requests.length, (timedOut) => {
      line.exchange = undefined;
      line.usedMs = clock.monotonicMs();
      const outcome = outcomeOf(exchange.answers, requests.length, errand.restores.length, exchange.trouble);
      if (outcome.trouble === undefined && outcome.refusal === undefined) line.database = errand.database;
      else line.database = undefined;
      if (outcome.trouble !== undefined) this.drop(line);
      // What was kept too long the other server has closed meanwhile, and knows nothing of this errand.
      const isStale = age === "kept" && outcome.trouble !== undefined && !timedOut && exchange.answers.length === 0;
      if (isStale) this.runOnNewLine(errand, done);
      else done(outcome);
    });
    line.exchange = exchange;
    exchange.begin(clock.after.bind(clock), errand.timeoutMs);
    line.connection.send(requests.map(formatRequest).join(""));
  }

  private drop(line: Line): void {
    if (this.lines.get(line.name) === line) this.lines.delete(line.name);
    line.connection.destroy();
  }
}

/** Requests under way on one connection, until each has its line of an answer. */
class Exchange {
  readonly answers: string[] = [];
  trouble: Outcome["trouble"];
  private readonly connection: Connection;
  private readonly expected: number;
  private readonly over: (timedOut: boolean) => void;
  private restart: () => Timer = () => ({ cancel: () => undefined });
  private timer: Timer | undefined;
  private text = "";
  private isOver = false;

  constructor(connection: Connection, expected: number, over: (timedOut: boolean) => void) {
    this.connection = connection;
    this.expected = expected;
    this.over = over;
  }

  begin(after: (delayMs: number, run: () => void) => Timer, timeoutMs: number): void {
    this.restart = () =>
      after(timeoutMs, () => this.end(this.connection.unsentBytes() > 0 ? "writing" : "reading", true));
    this.timer = this.restart();
  }

  /** The other server lives: it has its time anew. */
  progress(): void {
    this.timer?.cancel();
    this.timer = this.restart();
  }

  receive(text: string): void {
    if (this.isOver) return;
    this.text += text;
    for (let end = this.text.indexOf("\r\n"); end >= 0; end = this.text.indexOf("\r\n")) {
      this.answers.push(this.text.slice(0, end));
      this.text = this.text.slice(end + 2);
    }
    assert(this.answers.length <= this.expected, "every answer is one to a request");
    if (this.answers.length === this.expected) this.end(undefined);
    else this.progress();
  }

  end(trouble: Outcome["trouble"], timedOut = false): void {
    if (this.isOver) return;
    this.isOver = true;
    this.timer?.cancel();
    this.trouble = trouble;
    this.over(timedOut);
  }
}

function outcomeOf(
  answers: readonly string[],
  requestCount: number,
  restoreCount: number,
  trouble: Outcome["trouble"],
): Outcome {
  const headCount = requestCount - restoreCount;
  const head = answers.slice(0, headCount);
  const refused = (answer: string) => answer.startsWith("-");
  // Without the right database or the right to be there, whatever the others say is no yes.
  const isLost = head.some(refused);
  return {
    taken: answers.slice(headCount).map((answer) => !isLost && !refused(answer)),
    refusal: answers.find(refused)?.slice(1),
    trouble,
  };
}

function formatRequest(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}
