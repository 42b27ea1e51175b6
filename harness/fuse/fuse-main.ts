/**
 * The process that is a recorded volume: it owns the mount and the journal, and does what the harness asks on
 * descriptor 3 (`control.ts`).
 *
 *     harness ──── control ────▶ the bell's thread ──▶ the serving thread ◀── /dev/fuse ── kernel ◀── the store
 *        │                                                    │
 *        └──────── may read the journal's files ◀─────────────┘      one private mount namespace: this process, the store
 *
 * A process of its own, because a file system must answer while its user waits: in the harness's own thread any call on
 * the mount would wait for itself. When the harness is gone, however it went, this process kills the store, takes the
 * mount away and ends; and should this one be killed, the kernel ends the mount with it.
 *
 * Started with the word `exposed` it shares the namespace of the harness, so that an engine of containers sees the mount.
 * Should it be killed then, the mount stays, and refuses everything, until a sweep.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { FromBell, ToBell } from "./bell.ts";
import { type Answerers, ControlError, ControlServer, controlVersion } from "./control.ts";
import { Mount } from "./mount.ts";
import { letGoOfCopies } from "./mounting.ts";
import { exposedResidents, privateResidents, type Residents } from "./residents.ts";
import { killAll, mountNamespaceOf } from "./store-processes.ts";

const killPatienceMs = 5_000;

const exposed = process.argv[2] === "exposed";
const namespace = mountNamespaceOf("self");
// It kills whoever shares its namespace. In its parent's that would be the whole machine.
if (!exposed && (namespace === undefined || namespace === mountNamespaceOf(process.ppid))) {
  throw new Error("to be started by VolumeProcess only, in a mount namespace of its own");
}
if (!exposed) await letGoOfCopies();

const bell = new Worker(new URL(`./bell${path.extname(import.meta.url)}`, import.meta.url));
const toBell = (message: ToBell): void => bell.postMessage(message);
let mounted: Mount | undefined;
let residents: Residents = privateResidents();

const answerers: Answerers = {
  hello: async () => ({ version: controlVersion }),
  async mount({ dir, journalDir }) {
    await takeDown();
    if (exposed) residents = exposedResidents(dir);
    const mount = new Mount(dir, journalDir, residents, {
      mayBlock: () => !control.busy,
      struck: (strike) => control.tell({ event: "struck", with: strike }),
      broken: ({ message }) => control.tell({ event: "broken", with: { message } }),
    });
    mounted = mount;
    const connection = await mount.attach();
    toBell({ dir });
    return { connection };
  },
  async unmount() {
    await takeDown();
    return {};
  },
  list: async () => ({ nodes: await current().list() }),
  flush: async () => ({ records: current().flush() }),
  async arm({ faults, seed }) {
    for (const fault of faults) current().gate.arm(fault, seed);
    return {};
  },
  async disarm({ names }) {
    for (const name of names) current().gate.disarm(name);
    return {};
  },
  async release({ names }) {
    for (const name of names) current().gate.release(name);
    return {};
  },
  async freeze() {
    await current().freeze();
    return {};
  },
  async thaw() {
    current().gate.thaw();
    return {};
  },
  async place(file) {
    current().place(file);
    return {};
  },
  async settle() {
    current().settle();
    return {};
  },
};

const control = new ControlServer(answerers, (say) => toBell({ say }));

// Ctrl-C reaches everything on the terminal. The harness decides when this ends, and closes the control port then.
process.on("SIGINT", () => undefined);
bell.on("message", (text: FromBell) => {
  if (text === null) void end();
  else control.hear(text);
});

function current(): Mount {
  if (mounted === undefined) throw new ControlError("UNMOUNTED", "nothing is mounted");
  return mounted;
}

async function takeDown(): Promise<void> {
  const mount = mounted;
  if (mount === undefined) return;
  mounted = undefined;
  mount.stayAwake();
  toBell({ dir: null });
  // What is held must be let go of first: a process does not end before its request is answered.
  mount.gate.disarmAll();
  await endStores();
  await mount.detach();
}

async function endStores(): Promise<void> {
  for (let waitedMs = 0; waitedMs < killPatienceMs; waitedMs += 5) {
    const left = residents.list();
    if (left.length === 0) return;
    killAll(left);
    await sleep(5);
  }
}

async function end(): Promise<void> {
  try {
    await takeDown();
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
