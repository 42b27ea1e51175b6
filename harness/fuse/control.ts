/**
 * How the harness talks to the process that is the recorded volume: JSON lines over a socket pair that the process
 * inherits as descriptor 3. A pair has no name in any folder, so it needs no clean-up, and its end tells each side that
 * the other is gone.
 *
 *     harness ──▶ {"id":7,"ask":"arm","with":{"faults":[…],"seed":"42"}}
 *             ◀── {"id":7,"answer":{}}                                       or {"id":7,"error":{"code":…,"message":…}}
 *             ◀── {"event":"struck","with":{…}}                              at any time
 */
import type { Socket } from "node:net";
import type { DiskFault } from "../disk/disk-fault.ts";
import type { Strike } from "./fault-gate.ts";

/** Both ends are of one version; a process that outlived an upgrade is not talked to. */
export const controlVersion = 2;

/** What can be asked, with its answer. */
export interface Commands {
  hello: { ask: object; answer: { version: number } };
  /** Mounts a tree that begins as the journal in `journalDir` ends, and is recorded there from now on. */
  mount: { ask: { dir: string; journalDir: string }; answer: { connection: number } };
  /** Whoever uses the volume is killed first. */
  unmount: { ask: object; answer: object };
  /** The live tree, written-back pages of shared mappings included. All that it names is in the journal's files. */
  list: { ask: object; answer: { nodes: readonly ListedNode[] } };
  /** The journal's files hold all records up to now. */
  flush: { ask: object; answer: { records: number } };
  arm: { ask: { faults: readonly DiskFault[]; seed: string }; answer: object };
  disarm: { ask: { names: readonly string[] }; answer: object };
  release: { ask: { names: readonly string[] }; answer: object };
  freeze: { ask: object; answer: object };
  thaw: { ask: object; answer: object };
  /**
   * A new file at the root, whose bytes stay in these files: they are read from there, and what is written to it goes to the
   * journal as ever. Copy on write: how the image of a whole disk is served without copying it.
   */
  place: { ask: PlacedFile; answer: object };
  /** Declares everything so far durable: what the harness has laid down is not the store's to lose. */
  settle: { ask: object; answer: object };
}

/** What is told unasked. */
export interface Events {
  struck: Strike;
  /** The volume cannot go on: every request is refused from now on, and the recording ends here. */
  broken: { message: string };
}

export type ListedNode =
  | { readonly path: string; readonly kind: "directory" | "socket" | "pipe" }
  | { readonly path: string; readonly kind: "symlink"; readonly target: string }
  | {
      readonly path: string;
      readonly kind: "file";
      readonly size: number;
      /** Where its bytes are in the journal's data; the rest is NULs. */
      readonly extents: readonly (readonly [at: number, length: number, dataOffset: number])[];
    };

export interface PlacedFile {
  readonly name: string;
  readonly size: number;
  /** Absolute paths; `source` below counts in this list. */
  readonly files: readonly string[];
  /** In order, without overlap; the rest is NULs. */
  readonly extents: readonly (readonly [at: number, length: number, source: number, offset: number])[];
}

export type CommandName = keyof Commands;

export type Answerers = {
  readonly [Name in CommandName]: (ask: Commands[Name]["ask"]) => Promise<Commands[Name]["answer"]>;
};

/** The other side could not do what was asked. `code` as node:fs has them, or `UNAVAILABLE`. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Message =
  | { id: number; ask: CommandName; with: never }
  | { id: number; answer: never }
  | { id: number; error: { code: string; message: string } }
  | { event: keyof Events; with: never };

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** The harness's end. */
export class ControlClient {
  /** Resolves when the other side is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(socket: Socket, listen: { readonly [Name in keyof Events]: (event: Events[Name]) => void }) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.#abandon());
    // A reset is an end like any other: `closed` tells.
    socket.on("error", () => socket.destroy());
    const messages = new MessageReader((message) => {
      if ("event" in message) listen[message.event](message.with);
      else if ("ask" in message) throw new Error(`the volume's process asks for ${message.ask}`);
      else if ("answer" in message) this.#settle(message.id)?.resolve(message.answer);
      else this.#settle(message.id)?.reject(new ControlError(message.error.code, message.error.message));
    });
    socket.setEncoding("utf8").on("data", (text: string) => messages.read(text));
  }

  /** @throws ControlError, also when the other side ends before it answered. */
  ask<Name extends CommandName>(name: Name, ask: Commands[Name]["ask"]): Promise<Commands[Name]["answer"]> {
    const id = ++this.#lastId;
    if (this.#socket.destroyed) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, ask: name, with: ask })}\n`);
    });
  }

  /** Closes this end; the other takes it as the order to end. */
  close(): void {
    this.#socket.end();
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #abandon(): void {
    for (const { reject } of this.#pending.values()) reject(gone());
    this.#pending.clear();
  }
}

function gone(): ControlError {
  return new ControlError("GONE", "the process of the recorded volume is gone");
}

/** The volume's end: answers one command at a time, in order. */
export class ControlServer {
  readonly #answerers: Answerers;
  readonly #say: (text: string) => void;
  readonly #messages: MessageReader;
  #last = Promise.resolve();
  #unanswered = 0;

  /** @param say passes text to the harness. */
  constructor(answerers: Answerers, say: (text: string) => void) {
    this.#answerers = answerers;
    this.#say = say;
    this.#messages = new MessageReader((message) => {
      if (!("ask" in message)) throw new Error("the harness sent something that is no command");
      this.#unanswered++;
      this.#last = this.#last.then(() => this.#answer(message.id, message.ask, message.with));
    });
  }

  /** True while a command waits for its answer. */
  get busy(): boolean {
    return this.#unanswered > 0;
  }

  /** @param text a piece of what the harness says, cut anywhere. */
  hear(text: string): void {
    this.#messages.read(text);
  }

  tell(event: EventMessage): void {
    this.#send(event);
  }

  async #answer<Name extends CommandName>(id: number, name: Name, ask: Commands[Name]["ask"]): Promise<void> {
    try {
      this.#send({ id, answer: await this.#answerers[name](ask) });
    } catch (error) {
      const { code = "FAILED", message } = error as NodeJS.ErrnoException;
      this.#send({ id, error: { code, message } });
    }
    this.#unanswered--;
  }

  #send(message: object): void {
    this.#say(`${JSON.stringify(message)}\n`);
  }
}

export type EventMessage = { readonly [Name in keyof Events]: { event: Name; with: Events[Name] } }[keyof Events];

class MessageReader {
  readonly #receive: (message: Message) => void;
  #rest = "";

  constructor(receive: (message: Message) => void) {
    this.#receive = receive;
  }

  read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#receive(JSON.parse(line) as Message);
  }
}
