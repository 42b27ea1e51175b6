/**
 * The image's own store, started by the hundred inside one container that stays: to boot crash states. An engine takes most
 * of a second to make a container and to remove it; this takes as long as the store.
 *
 *     container    IMAGE … --dir /data        serves an empty folder, and stays
 *       ├─ nsenter ─▶ IMAGE … --dir d1        on a crash state; then killed
 *       ├─ nsenter ─▶ IMAGE … --dir d2
 *       └─ …                                  files, libraries, environment, entry point and user are the image's
 *
 * The run's folder has the same name inside, so paths need no translation. A store that is started so is a process of this
 * machine, not one of the container's cgroup: the limits of a container do not hold for it, and nothing but the engine's
 * own pids is different. It is killed and swept like any process.
 */
import type { RunFolder } from "../run-folder.ts";
import { findExecutable } from "./executable.ts";
import { ProcessTarget, processDefaults } from "./process.ts";
import type { Spawn } from "./spawn.ts";
import type { Target } from "./target.ts";

const dataPlace = "/data";
/** What an engine gives a container whose image says nothing. */
const environmentDefault = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"];

/** What an image says of itself. */
export interface ImageFacts {
  readonly name: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME=VALUE` each. */
  readonly environment: readonly string[];
  readonly workingDir: string;
}

export class InsideContainer extends ProcessTarget {
  private readonly container: Pick<Target, "name" | "close">;

  /** @param pid of the container that stays; ended with `container`. */
  constructor(image: ImageFacts, pid: number, run: RunFolder, spawn: Spawn, container: Pick<Target, "name" | "close">) {
    const { entrypoint, command, environment, workingDir } = image;
    // An entry point that hands files over to a user of its own looks for them where it stands.
    const standsIn = workingDir === dataPlace ? "{dir}" : workingDir;
    const enter = [findExecutable("nsenter"), `--target=${pid}`, "--mount", `--wdns=${standsIn}`, "--"];
    super(
      {
        ...processDefaults,
        name: container.name,
        kind: "container",
        // env becomes nsenter, and nsenter the store: no process stands between it and a signal.
        command: [
          findExecutable("env"),
          "-i",
          ...environmentDefault,
          ...environment,
          ...enter,
          ...entrypoint,
          ...command,
        ],
        dialect: "flags",
        dropsToAnyUser: true,
      },
      run,
      spawn,
    );
    this.container = container;
  }

  override close(): Promise<void> {
    return this.container.close();
  }
}
