/** A folder in memory, for what needs to outlive nothing. */
import { accessSync, constants, statfsSync } from "node:fs";

const folder = "/dev/shm";
/** Of statfs(2). */
const tmpfsType = 0x01021994;
const freeBytesMin = 512 << 20;

/** Undefined where there is none, or not one of use to us. */
export function memoryFolder(): string | undefined {
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    accessSync(folder, constants.W_OK);
    return type === tmpfsType && bavail * bsize > freeBytesMin ? folder : undefined;
  } catch {
    // There is no such folder, or it is not ours: the ordinary disk does as well, only slower.
    return undefined;
  }
}
