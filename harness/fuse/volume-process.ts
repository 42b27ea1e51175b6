/**
 * The process of a recorded volume, as the harness holds it: started in a mount namespace of its own, asked over its
 * control port, and ended so that nothing is left, whatever state it is in.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type CommandLine, VolumeUnavailable } from "../disk/volume.ts";
import { abortConnectionsOf } from "./abort.ts";
import { type CommandName, type Commands, ControlClient, ControlError, controlVersion } from "./control.ts";
import type { Strike } from "./fault-gate.ts";
import { HeldNamespace, killAll, processesOf } from "./store-processes.ts";
import { unmountBelow } from "./unmount-below.ts";
import { within } from "./within.ts";

const endPatienceMs = 5_000;
const killPatienceMs = 2_000;
const isRoot = process.getuid?.() === 0;
/** Compiled, or the source where this process runs sources. */
const extension = path.extname(import.meta.url);
const program = fileURLToPath(new URL(`./fuse-main${extension}`, import.meta.url));
const loader = extension === ".ts" ? process.execArgv : [];

export class VolumeProcess {
  /** Resolves with the reason when the volume cannot go on. */
  readonly failed: Promise<Error>;
  readonly #child: ChildProcess;
  readonly #control: ControlClient;
  /** Resolves with how it ended, in words. */
  readonly #exited: Promise<string>;
  readonly #logFile: string;
  readonly #strikeListeners: ((strike: Strike) => void)[] = [];
  /** The folder below which everybody sees what it mounts. */
  readonly #exposedBelow: string | undefined;
  #namespace: HeldNamespace | undefined;
  #ending = false;

  /**
   * @param folder its working folder, where `volume.log` gets what it prints. Sweeps know it by that.
   * @param exposed mounts where the harness lives, for all of this machine.
   * @throws VolumeUnavailable
   */
  static async start(folder: string, exposed = false): Promise<VolumeProcess> {
    refuseWhereHopeless(exposed);
    const logFile = path.join(folder, "volume.log");
    const process = new VolumeProcess(spawnApart(folder, logFile, exposed), logFile, exposed ? folder : undefined);
    try {
      await process.#greet(logFile);
      return process;
    } catch (error) {
      await process.end();
      throw error;
    }
  }

  private constructor(child: ChildProcess, logFile: string, exposedBelow: string | undefined) {
    this.#child = child;
    this.#logFile = logFile;
    this.#exposedBelow = exposedBelow;
    let fail: (reason: Error) => void = () => undefined;
    this.failed = new Promise((resolve) => {
      fail = resolve;
    });
    this.#exited = new Promise((resolve) => {
      child.once("exit", (exitCode, signal) => resolve(`it ended with ${signal ?? `exit code ${exitCode}`}`));
      // There is no such command as unshare: nothing was started, and nothing will exit.
      child.once("error", ({ message }) => resolve(`it could not be started (${message})`));
    });
    void this.#exited.then((how) => {
      if (!this.#ending) fail(new Error(`the process of the recorded volume died: ${how}. ${lastWords(logFile)}`));
    });
    this.#control = new ControlClient(child.stdio[3] as Socket, {
      broken: ({ message }) => fail(new Error(`the recording cannot go on: ${message}`)),
      struck: (strike) => {
        for (const listen of this.#strikeListeners) listen(strike);
      },
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  onStrike(listen: (strike: Strike) => void): void {
    this.#strikeListeners.push(listen);
  }

  /** @throws VolumeUnavailable, ControlError */
  async ask<Name extends CommandName>(name: Name, ask: Commands[Name]["ask"]): Promise<Commands[Name]["answer"]> {
    try {
      return await this.#control.ask(name, ask);
    } catch (error) {
      if (error instanceof ControlError && error.code === "UNAVAILABLE") throw unavailable(error.message);
      throw error;
    }
  }

  /** nsenter becomes the command: no process stands between it and a signal. */
  enter(command: string, args: readonly string[]): CommandLine {
    if (this.#exposedBelow !== undefined) return { command, args };
    const user = isRoot ? [] : ["--user", "--preserve-credentials"];
    return { command: "nsenter", args: [`--target=${this.pid}`, ...user, "--mount", "--", command, ...args] };
  }

  /** Ends it, the store on it, and the mount; in the end by force. */
  async end(): Promise<void> {
    try {
      await this.#endAll();
    } finally {
      this.#namespace?.close();
      this.#namespace = undefined;
    }
  }

  async #endAll(): Promise<void> {
    this.#ending = true;
    this.#control.close();
    if (!(await within(endPatienceMs, this.#exited))) {
      this.#child.kill("SIGKILL");
      await this.#exited;
    }
    if (this.#exposedBelow !== undefined) return unmountBelow(this.#exposedBelow);
    // The kernel has ended the mount with its process. Whoever was on it gets errors now, and hears of the kill.
    const left = (): number[] => (this.#namespace === undefined ? [] : processesOf(this.#namespace.name));
    const folder = path.dirname(this.#logFile);
    for (const lastResort of [() => undefined, abortConnectionsOf]) {
      lastResort(left(), folder);
      killAll(left());
      if (await becomesTrue(killPatienceMs, () => left().length === 0)) return;
    }
    throw new Error(`processes outlive SIGKILL on a recorded volume: ${left().join(", ")}`);
  }

  async #greet(logFile: string): Promise<void> {
    const dead = this.#exited.then((how) => {
      throw unavailable(`${how}. ${lastWords(logFile)}`);
    });
    const { version } = await Promise.race([this.ask("hello", {}), dead]);
    if (version !== controlVersion)
      throw new Error(`the volume's process speaks version ${version} of its control port`);
    this.#namespace = HeldNamespace.of(this.pid);
  }
}

/**
 * A session and, unless it is exposed, a mount namespace of its own; and a user namespace, where we are not root and must
 * be to mount.
 */
function spawnApart(folder: string, logFile: string, exposed: boolean): ChildProcess {
  const log = openSync(logFile, "a");
  try {
    const namespaces = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
    const [command, ...args] = exposed
      ? [process.execPath, ...loader, program, "exposed"]
      : ["unshare", ...namespaces, process.execPath, ...loader, program];
    return spawn(command, args, {
      cwd: folder,
      stdio: ["ignore", log, log, "pipe"],
      // Ctrl-C at the terminal goes to the harness, and the harness ends this.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function refuseWhereHopeless(exposed: boolean): void {
  if (process.platform !== "linux") {
    const remedy = "Run the harness in a Linux container or machine; live kills on a directory work here.";
    throw new VolumeUnavailable("recorded", `${process.platform} has no FUSE that a process can serve alone`, remedy);
  }
  if (exposed && !isRoot) {
    const reason = "an engine of containers sees only what is mounted for the whole machine, and that needs root";
    throw new VolumeUnavailable("recorded", reason, "Run lossbound as root; the store's executable works without.");
  }
  if (!existsSync("/dev/fuse")) throw unavailable("there is no /dev/fuse");
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch (error) {
    throw unavailable((error as Error).message);
  }
}

function unavailable(reason: string): VolumeUnavailable {
  const remedy = isRoot
    ? "In a container, start it with --device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor=unconfined; " +
      "on a machine, load the module `fuse` and install util-linux (unshare, nsenter, mount)."
    : "Run as root, or let this user open /dev/fuse and make user namespaces " +
      "(sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu).";
  return new VolumeUnavailable("recorded", reason, remedy);
}

function lastWords(logFile: string): string {
  const text = existsSync(logFile) ? readFileSync(logFile, "utf8").trim() : "";
  return text.split("\n").slice(-5).join(" / ") || "It said nothing.";
}

async function becomesTrue(ms: number, holds: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; !holds(); waitedMs += 5) {
    if (waitedMs >= ms) return false;
    await sleep(5);
  }
  return true;
}
