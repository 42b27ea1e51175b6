/**
 * The table of what stores rely on a file system to do, each as a promise with a name. They are run by a process that lives
 * where the file system is mounted (`promises-main.ts`): against a recorded volume, and against this machine's own disk,
 * which shows that the promises themselves are true.
 */
import { bytesPromises } from "./bytes-promises.ts";
import type { FileSystemPromise } from "./file-system-promise.ts";
import { namePromises } from "./name-promises.ts";
import { otherPromises } from "./other-promises.ts";

export const fileSystemPromises: readonly FileSystemPromise[] = [...bytesPromises, ...namePromises, ...otherPromises];
