/**
 * The engine of containers, as the harness talks to it: found, asked for what a run has left, and told to remove it.
 *
 * Each container carries the run's name as a label. Whoever sweeps after a dead harness finds it by that, and so does
 * Ryuk, where its image is to be had.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type ContainerRuntimeClient, getContainerRuntimeClient, getReaper } from "testcontainers";
import { TargetUnavailable } from "./target.ts";

export const runLabel = "lossbound.run";
const ryukPatienceMs = 20_000;

/** Ends all containers of a run whose harness is dead. */
export async function removeContainers(runId: string): Promise<string[]> {
  const engine = await findEngine();
  const found = await engine.container.dockerode.listContainers({
    all: true,
    filters: { label: [`${runLabel}=${runId}`] },
  });
  for (const { Id: id } of found) await removeContainer(engine, id);
  return found.map(({ Id: id }) => id);
}

/** Whether an engine of containers answers here. */
export async function hasEngine(): Promise<boolean> {
  try {
    await findEngine();
    return true;
  } catch (error) {
    if (error instanceof TargetUnavailable) return false;
    throw error;
  }
}

export async function findEngine(): Promise<ContainerRuntimeClient> {
  const { DOCKER_HOST: asked = "" } = process.env;
  // The library would ask for a container of its own to find out where ports are to be reached. We need none.
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= "localhost";
  const refusal = (why: string) => new TargetUnavailable(`no container engine answers (${why}): ${remedy}`);
  let engine: ContainerRuntimeClient;
  try {
    engine = await getContainerRuntimeClient();
  } catch (error) {
    throw refusal((error as Error).message);
  }
  // Where that one does not answer, the library takes any that does: the images of another engine are other images.
  if (asked !== "" && !isAt(asked, engine)) throw refusal(`DOCKER_HOST is ${asked}`);
  return engine;
}

const remedy = "start dockerd, be in the group docker, or set DOCKER_HOST to one that runs";

function isAt(asked: string, engine: ContainerRuntimeClient): boolean {
  const { pathname, hostname } = new URL(asked);
  const { socketPath, host } = engine.container.dockerode.modem as {
    readonly socketPath?: string;
    readonly host?: string;
  };
  return hostname === "" ? socketPath === pathname : host === hostname;
}

/** A container that was removed by force, as a run that is given up does, can tell nothing any more. */
export async function orGone<T, U>(asked: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 404, 409)) return otherwise;
    throw error;
  }
}

export function isStatus(error: unknown, ...codes: readonly number[]): boolean {
  return codes.includes((error as { statusCode?: number }).statusCode ?? 0);
}

export async function removeContainer(engine: ContainerRuntimeClient, id: string): Promise<void> {
  try {
    await engine.container.getById(id).remove({ force: true, v: true });
  } catch (error) {
    // 404: gone. 409: somebody else is removing it just now.
    if (!isStatus(error, 404, 409)) throw error;
  }
}

/** Without a registry its image cannot be pulled, and nothing would start; then our own label sweep is all there is. */
export async function canHaveRyuk(engine: ContainerRuntimeClient): Promise<boolean> {
  const ryuk = getReaper(engine).then(
    () => true,
    () => false,
  );
  return Promise.race([ryuk, sleep(ryukPatienceMs, false, { ref: false })]);
}
