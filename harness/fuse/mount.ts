/**
 * One mounted tree with all that serves it: the kernel's requests, the faults, the recorder, the journal.
 *
 * When the journal cannot be written (the disk below is full), nothing more may happen on the volume: what the journal
 * does not have, no crash state would have either. So the mount is broken from then on, refuses everything, and says so.
 */
import { closeSync, openSync, statfsSync } from "node:fs";
import type { Inode } from "../disk/file-tree.ts";
import type { ByteSource } from "../disk/sparse-bytes.ts";
import { JournalReader, JournalWriter, readExactly } from "../recording/journal-file.ts";
import { abortConnection } from "./abort.ts";
import type { ListedNode, PlacedFile } from "./control.ts";
import { FaultGate, type Strike } from "./fault-gate.ts";
import { errno } from "./fuse-protocol.ts";
import { type FuseRequest, FuseSession, type RequestHandler } from "./fuse-session.ts";
import { mountFuse, unmount, unmountDisksOn, writeBack } from "./mounting.ts";
import { Recorder, Refusal } from "./recorder.ts";
import { RecordingFs } from "./recording-fs.ts";
import type { Residents } from "./residents.ts";
import { within } from "./within.ts";

/** Should this process be killed, the journal lacks what happened within this time before. */
const flushPeriodMs = 100;
const goodbyePatienceMs = 2_000;

export interface MountEvents {
  /** False while anything but the store wants something of this thread. */
  mayBlock(): boolean;
  struck(strike: Strike): void;
  broken(error: Error): void;
}

export class Mount implements RequestHandler {
  readonly gate: FaultGate;
  readonly #dir: string;
  readonly #journal: JournalWriter;
  readonly #recorder: Recorder;
  readonly #fs: RecordingFs;
  readonly #events: MountEvents;
  readonly #flushing: NodeJS.Timeout;
  readonly #sources = new Map<string, ByteSource>();
  readonly #sourceFds: number[] = [];
  #session: FuseSession | undefined;
  #fd: number | undefined;
  #connection = 0;
  readonly #exposed: boolean;
  #broken = false;
  #awake = false;

  /**
   * @param dir where it will be mounted: an existing folder, absolute.
   * @param journalDir holds a journal: the tree begins as it ends.
   */
  constructor(dir: string, journalDir: string, residents: Residents, events: MountEvents) {
    const before = new JournalReader(journalDir);
    this.#dir = dir;
    this.#exposed = residents.kind === "exposed";
    this.#events = events;
    this.#journal = JournalWriter.resume(journalDir, before, () => Number(process.hrtime.bigint() - before.originNs));
    before.close();
    this.#recorder = new Recorder(this.#journal, before.records);
    const fail = (request: FuseRequest, error: unknown): void => this.#fail(request, error);
    this.gate = new FaultGate(this.#recorder, residents, (strike) => events.struck(strike), fail);
    this.#fs = new RecordingFs(this.#recorder, this.gate, fail, () => freeBytes(journalDir));
    this.#flushing = setInterval(() => this.#guard(() => this.#journal.flush()), flushPeriodMs);
  }

  /**
   * Returns the number of its connection.
   * @throws ControlError with the code UNAVAILABLE where this machine does not let us.
   */
  async attach(): Promise<number> {
    const { fd, connection } = await mountFuse(this.#dir);
    this.#fd = fd;
    this.#connection = connection;
    this.#session = new FuseSession(fd, this);
    this.#session.ended.catch((error: unknown) => {
      this.#breakDown(error);
      // Nobody answers any more: with the device closed, whoever waits gets an error instead of waiting for ever.
      this.#closeDevice();
    });
    return connection;
  }

  get mayBlock(): boolean {
    return !this.#awake && this.gate.idle && this.#events.mayBlock();
  }

  /** From now on this thread does not block any more, whoever comes: the mount is about to go. */
  stayAwake(): void {
    this.#awake = true;
  }

  /** Nothing of it is left afterwards but the journal. Whoever still stands in it gets ENOTCONN. */
  async detach(): Promise<void> {
    clearInterval(this.#flushing);
    this.gate.disarmAll();
    if (this.#session !== undefined) {
      await unmountDisksOn(this.#dir);
      await unmount(this.#dir);
      const ended = this.#session.ended.catch((error: unknown) => this.#breakDown(error));
      // Another namespace may have been copied from this machine's, and hold the mount for as long as that lives.
      if (this.#exposed && !(await within(goodbyePatienceMs, ended))) abortConnection(this.#connection);
      await ended;
    }
    this.#closeDevice();
    for (const fd of this.#sourceFds) closeSync(fd);
    if (this.#broken) this.#journal.abandon();
    else this.#journal.close();
  }

  handle(request: FuseRequest): void {
    if (this.#broken) request.refuse(errno.EIO);
    else this.#fs.handle(request);
  }

  interrupt(unique: number): boolean {
    return this.#fs.interrupt(unique);
  }

  /** Returns how many records the journal's files now hold. */
  flush(): number {
    this.#guard(() => this.#journal.flush());
    return this.#recorder.recordCount;
  }

  place({ name, size, files, extents }: PlacedFile): void {
    const sources = files.map((file) => this.#sourceOf(file));
    const kept = extents.map(([start, length, source, sourceOffset]) => {
      return { start, end: start + length, source: sources[source] as ByteSource, sourceOffset };
    });
    this.#recorder.place(name, size, kept);
  }

  /** Stays open until the mount is gone: any file that was placed may read from it. */
  #sourceOf(file: string): ByteSource {
    const known = this.#sources.get(file);
    if (known !== undefined) return known;
    const fd = openSync(file, "r");
    this.#sourceFds.push(fd);
    const source: ByteSource = { file, read: (offset, target) => readExactly(fd, offset, target) };
    this.#sources.set(file, source);
    return source;
  }

  settle(): void {
    this.#recorder.note({ kind: "settled", tid: 0 });
  }

  /** From now on nothing changes, until `gate.thaw`. What shared mappings changed so far is in. */
  async freeze(): Promise<void> {
    await writeBack(this.#dir);
    this.gate.freeze();
  }

  async list(): Promise<ListedNode[]> {
    // A frozen writer holds the lock of its file, for which this would wait; `freeze` has done it.
    if (!this.gate.frozen) await writeBack(this.#dir);
    this.flush();
    return [...this.#recorder.tree.walk()].map(([path, inode]) => listedNode(path, inode));
  }

  #fail(request: FuseRequest, error: unknown): void {
    const refused = error instanceof Refusal;
    if (!refused) this.#breakDown(error);
    request.refuse(refused ? error.code : errno.EIO);
  }

  #guard(run: () => void): void {
    if (this.#broken) return;
    try {
      run();
    } catch (error) {
      this.#breakDown(error);
    }
  }

  #closeDevice(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #breakDown(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#events.broken(error as Error);
  }
}

function listedNode(path: string, inode: Inode): ListedNode {
  if (inode.type === "symlink") return { path, kind: "symlink", target: inode.target };
  if (inode.type !== "file") return { path, kind: inode.type };
  const extents = [...inode.bytes.extents()].map(
    ({ start, end, sourceOffset }) => [start, end - start, sourceOffset] as const,
  );
  return { path, kind: "file", size: inode.bytes.size, extents };
}

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
