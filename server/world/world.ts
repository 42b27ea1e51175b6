/**
 * The door to the world: everything that a server asks of the outside, and the only way to ask it.
 *
 *     commands, keyspace, rdb, aof …          know nothing of real time, files, sockets, processes
 *     ───────────── World ─────────────       this file
 *     real-*.ts            harness/sim/       the real world │ one that is drawn from a seed
 *
 * Disk operations are synchronous, as write(2) is, and may come back short; only waiting for the platter is not. So the
 * one thing that can happen between two lines of the server is what the server itself asked for. Whoever implements a
 * world must keep these laws, because the server is written on them:
 *
 *  1. What `append` took is what `read` gives, in this process and after its death (the page cache survives a process).
 *  2. A file's bytes are durable only after `syncNow` returned or `sync` resolved, and only those appended before the
 *     call. A name (create, rename, remove) is durable only after its folder was synced.
 *  3. `rename` is atomic: whoever looks finds the old file or the new one.
 *  4. Callbacks never run inside a call of the server into the world; they run on a later turn.
 *  5. After `process.exit` or the process's death nothing that the server had asked for happens any more.
 */

export interface World {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly savers: Savers;
  readonly process: Process;
}

// ── Disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * How a file is opened. `read`: must exist. `update`: must exist, read and write. `append`: made when missing, kept
 * when there. `create`: made when missing, emptied when there.
 */
export type OpenMode = "read" | "update" | "append" | "create";

/** Paths are absolute. Every method throws `DiskError` and nothing else. */
export interface Disk {
  open(path: string, how: OpenMode): DiskFile;
  kind(path: string): "file" | "directory" | undefined;
  size(path: string): number;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes one folder; no error when it is there already. */
  makeDir(path: string): void;
  /** Names, not paths, sorted. */
  list(dir: string): string[];
  /** A name in `dir` is durable only after this. */
  syncDir(dir: string): void;
  /** The same, without holding up the turn. */
  syncDirInBackground(dir: string): Promise<void>;
  /**
   * Takes a name in a folder for this process until it ends, however it ends; leaves nothing behind.
   * @throws HeldError when another living process has it.
   */
  lock(dir: string, name: string): Promise<void>;
}

export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  /**
   * Appends at the end. Returns the bytes taken: fewer than given is a short write, as of a full disk. The memory is the
   * caller's, who uses it again: whoever keeps the bytes copies them.
   */
  append(bytes: Uint8Array): number;
  /**
   * Puts all of `bytes` in the place of as many that the file holds already. A sync that fails takes what it could not
   * write for clean, so that no later one covers it (rule S4): what is written again is covered again.
   */
  overwrite(offset: number, bytes: Uint8Array): void;
  truncate(sizeBytes: number): void;
  /** fdatasync on this thread: under `appendfsync always`, and for every replaced file. */
  syncNow(): void;
  /** fdatasync on another thread. Covers what was appended before the call, and nothing later. */
  sync(): Promise<void>;
  close(): void;
}

/** What the operating system says of a disk operation. `code` as in errno(3): `ENOSPC`, `EIO`, `ENOENT` … */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: string;
  readonly operation: string;
  readonly path: string;

  constructor(code: string, operation: string, path: string) {
    super(`${operation} ${path}: ${describeErrno(code)}`);
    this.code = code;
    this.operation = operation;
    this.path = path;
  }

  /** As strerror(3) words it; clients and logs see this. */
  get reason(): string {
    return describeErrno(this.code);
  }
}

/** Another living process has what was to be locked. */
export class HeldError extends DiskError {
  /** Who, as far as it is known: a process number, a command line. */
  readonly holder: string;

  constructor(path: string, holder: string) {
    super("EBUSY", "lock", path);
    this.holder = holder;
  }
}

const errnoTexts: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EBUSY: "Device or resource busy",
  ECONNREFUSED: "Connection refused",
  EDQUOT: "Disk quota exceeded",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  EMFILE: "Too many open files",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  ESTALE: "Another process has replaced it meanwhile",
  ETIMEDOUT: "Connection timed out",
  EXDEV: "Invalid cross-device link",
};

export function describeErrno(code: string): string {
  return errnoTexts[code] ?? code;
}

// ── Clock and Random ──────────────────────────────────────────────────────────────────────────────────────────────

export interface Clock {
  /** Milliseconds since 1970, whole. Keys expire by it; it may jump. */
  wallMs(): number;
  /** Milliseconds since some moment, with fractions. Never goes back; every interval is measured with it. */
  monotonicMs(): number;
  after(delayMs: number, run: () => void): Timer;
  every(periodMs: number, run: () => void): Timer;
  /** Runs when all that has already arrived was handled: the moment to flush the log and answer. */
  endOfTurn(run: () => void): void;
  /** Holds up this process, as sleep(3) does (DEBUG SLEEP, the delay options of tests). */
  block(ms: number): void;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number;
  /** From 0, inclusive, to 1, exclusive. */
  fraction(): number;
  pick<T>(from: readonly T[]): T;
  /** A stream of its own, so that a draw more here changes nothing there. */
  fork(name: string): Random;
}

// ── Net ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Net {
  /** @throws ListenError when the address cannot be had. */
  listen(address: Address, accept: (connection: Connection) => void): Promise<Listener>;
  /**
   * A connection to another server.
   * @throws ConnectError when nobody answers there, or not in time.
   */
  connect(address: Address, timeoutMs: number): Promise<Connection>;
}

/** A TCP address, or a unix socket; `permissions` as in chmod(1), 0: as the process makes files. */
export type Address =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly permissions: number };

export interface Listener {
  readonly address: Address;
  close(): void;
}

/** `code` as in errno(3): `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES` … */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${what}: ${describeErrno(code)}`);
    this.code = code;
  }
}

/** `code` as in errno(3): `ECONNREFUSED`, `ETIMEDOUT` …, or as the resolver names it: `ENOTFOUND`. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${what}: ${describeErrno(code)}`);
    this.code = code;
  }
}

/** As messages and logs name it. */
export function describeAddress(address: Address): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}

export interface Connection {
  /** `host:port` of the peer, or the socket's path with `:0`. */
  readonly remote: string;
  readonly local: string;
  /** Set once, before the first turn ends (of a connection made here: before anything is sent). The bytes may be reused after the call: copy what is kept. */
  onData(run: (bytes: Uint8Array) => void): void;
  onClosed(run: () => void): void;
  /** Runs when the peer took the last of what was sent, if it could not take it at once. */
  onDrain(run: () => void): void;
  /** Latin1: every character is one byte. */
  send(bytes: string): void;
  /** Bytes handed to `send` that the peer has not taken yet. */
  unsentBytes(): number;
  /** Stops and resumes reading: the way to push back. */
  pause(): void;
  resume(): void;
  /** Closes after what was sent has left. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

// ── Savers and the process itself ─────────────────────────────────────────────────────────────────────────────────

/**
 * A saver is the child that writes a snapshot or a rewritten log while the server goes on. It is fed with segments (see
 * codec/segments.ts), makes a file of them under a name that carries its pid (see saver.ts), syncs it, and ends; it never
 * touches a file by any other name, so an orphan can do no harm. It ends by itself when its parent is gone.
 */
export interface Savers {
  /** @throws SaverError when there can be no further process. */
  start(job: SaveJob, ended: (ending: SaverEnding) => void): Saver;
  /** A saver may be wanted before long, and the server grows: sees to it that the next start is a short one. */
  prepare(): void;
}

export class SaverError extends Error {
  override readonly name = "SaverError";
}

export interface SaveJob {
  readonly kind: "rdb" | "aof-base";
  readonly dir: string;
  /** Compress strings with LZF where it helps. */
  readonly compress: boolean;
  /** Write the CRC64 at the end; otherwise eight NUL bytes. Unused for a log of commands. */
  readonly checksum: boolean;
  /** What the bytes are: an RDB (closed by its CRC) or commands as they are. */
  readonly format: "rdb" | "resp";
  /** Sync every so many bytes, so that the last sync is short; 0 = only at the end. */
  readonly syncEveryBytes: number;
}

export interface Saver {
  readonly pid: number;
  /**
   * Takes the next segments; the memory is the saver's until it calls `taken`, perhaps never. What marks the snapshot's
   * end is among them, and the saver ends behind it. False: enough is under way, wait for `onDrain`.
   */
  feed(bytes: Uint8Array, taken: () => void): boolean;
  /** Runs once, when more may be fed. */
  onDrain(run: () => void): void;
  /** SIGUSR1: on purpose, which is neither a success nor a failure. */
  kill(signal: "SIGKILL" | "SIGTERM" | "SIGUSR1"): void;
}

export type SaverEnding =
  | { readonly kind: "saved"; readonly path: string; readonly writtenBytes: number }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "killed"; readonly signal: string };

export interface Process {
  readonly pid: number;
  /** Whether a process of this number lives, as far as this one can see. */
  isAlive(pid: number): boolean;
  /** SIGTERM, SIGINT … The default action is taken away. */
  onSignal(run: (signal: "SIGTERM" | "SIGINT") => void): void;
  exit(code: number): never;
  /** One line of the store's own log, without a line end. */
  log(line: string): void;
  /** What the list of processes shows it as. */
  setTitle(title: string): void;
  /** Resident memory; 0 where it has no meaning. */
  memoryBytes(): number;
  /** Bytes that nobody can guess: for passwords. */
  secretBytes(count: number): Uint8Array;
  /** Processor time used so far, in seconds; zeros where it has no meaning. */
  cpu(): { readonly userS: number; readonly systemS: number };
}
