/**
 * Who lives on a recorded volume, and must be gone before it can go. No list has to be kept: the kernel knows.
 *
 *     private   the store shares the volume's own mount namespace: whoever lives in that
 *     exposed   the volume is mounted for the whole machine, and each container has a namespace of its own, in which the
 *               volume is mounted somewhere else: whoever lives in such a one
 *
 * A process that finds an exposed volume where this machine has it is a bystander: a shell, the engine, the namespace of
 * somebody else that was copied from this one. Nobody kills those.
 */
import { readdirSync } from "node:fs";
import { mountAt, mountsOf } from "./mount-table.ts";
import { disksOn } from "./mounting.ts";
import { isDead, mountNamespaceOf, processesOf } from "./store-processes.ts";

export interface Residents {
  readonly kind: "private" | "exposed";
  /** All who live on it now. */
  list(): number[];
  /** All who share the namespace of that process, when it is one of those; it too. */
  besides(pid: number): number[];
}

/** Of the volume whose process this one is. */
export function privateResidents(): Residents {
  const list = (): number[] => processesOf(mountNamespaceOf("self") ?? "");
  return { kind: "private", list, besides: list };
}

/** @param dir where the volume is mounted for this machine */
export function exposedResidents(dir: string): Residents {
  const own = mountNamespaceOf("self");
  return {
    kind: "exposed",
    list: () => guestsOn(dir, own),
    besides(pid) {
      const namespace = mountNamespaceOf(pid);
      return namespace === undefined || namespace === own ? [] : processesOf(namespace);
    },
  };
}

function guestsOn(dir: string, own: string | undefined): number[] {
  const places = new Map(
    [mountAt(dir), ...disksOn(dir)].flatMap((entry) => (entry ? [[entry.device, entry.mountPoint]] : [])),
  );
  const known = new Map([[own, false]]);
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      if (!(pid > 0) || isDead(pid)) return false;
      const namespace = mountNamespaceOf(pid);
      if (namespace === undefined) return false;
      let isGuest = known.get(namespace);
      if (isGuest === undefined) {
        isGuest = mountsOf(pid).some(({ device, mountPoint }) => (places.get(device) ?? mountPoint) !== mountPoint);
        known.set(namespace, isGuest);
      }
      return isGuest;
    });
}
