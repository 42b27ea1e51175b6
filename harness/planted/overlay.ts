/**
 * A piece of the world that does most things as it should: whatever is not written down here is done by the honest one.
 */
import type { Disk, DiskFile, OpenMode } from "../../server/world/world.ts";

export function overlay<T extends object>(honest: T, wrong: Partial<T>): T {
  return new Proxy(honest, {
    get(target, name) {
      const found: unknown = name in wrong ? Reflect.get(wrong, name) : Reflect.get(target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

/** A disk whose files are changed as they are opened; undefined: this one is as it should be. */
export function diskWithFiles(
  honest: Disk,
  wrong: (file: DiskFile, path: string) => Partial<DiskFile> | undefined,
): Disk {
  return overlay(honest, {
    open(path: string, how: OpenMode) {
      const file = honest.open(path, how);
      const changed = wrong(file, path);
      return changed === undefined ? file : overlay(file, changed);
    },
  });
}
