import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { endInTurn } from './end-in-turn.ts';
import { saidBy, statusOf } from './engine.ts';
import { nameLabel, ofRun } from './labels.ts';
import { retireContainer } from './retire-container.ts';

/** What an engine holds of a run. */
export interface RunOnEngine {
  /** "node-1" */
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

export async function findRun(docker: Docker, run: string): Promise<RunOnEngine> {
  const filters = ofRun(run);
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return {
    containers: containers.map(({ Labels, Id }) => Labels[nameLabel] ?? Id.slice(0, 12)),
    networks: networks.map(({ Name }) => Name),
    volumes: volumes.map(({ Name }) => Name),
  };
}

/** An engine that is slow takes this long to take its containers off their networks, at most. */
const refusedMsMaxUnsaid = 5_000;
const againMs = 100;

/**
 * Removes whatever carries the label of this run, and nothing else; what its containers were to
 * keep is copied out before. What the engine refuses, such as a network while the end of a container
 * on it is under way, is tried again for `refusedMsMax`; what is still on its way there is waited for
 * as long as `comingMs`. Resolves with a sentence for each thing that could not be removed.
 */
export async function removeRun(
  docker: Docker,
  run: string,
  { refusedMsMax = refusedMsMaxUnsaid, comingMs = 0 } = {},
): Promise<string[]> {
  const began = performance.now();
  let refusedSince: number | undefined;
  for (;;) {
    const { problems, silent } = await removeWhatIsThere(docker, run);
    const now = performance.now();
    // From the first refusal on: to come to it takes a while with many containers.
    refusedSince ??= now;
    const isRefused = problems.length > 0 && now - refusedSince < refusedMsMax;
    if (silent || !(isRefused || now - began < comingMs)) return problems;
    await sleep(againMs);
  }
}

/** `silent`: the engine does not even tell what there is. */
async function removeWhatIsThere(
  docker: Docker,
  run: string,
): Promise<{ readonly problems: string[]; readonly silent: boolean }> {
  const problems: string[] = [];
  const filters = ofRun(run);
  const told = (what: string) => (error: unknown) => {
    if (statusOf(error) !== 404) problems.push(`${what} cannot be removed: ${saidBy(error)}`);
  };
  try {
    const containers = await docker.listContainers({ all: true, filters });
    await endInTurn(containers, async ({ Id, Names }) => {
      const before = problems.length;
      await retireContainer(docker, Id).catch(told(`container ${Names[0]?.slice(1) ?? Id}`));
      return problems.length === before;
    });
    const networks = await docker.listNetworks({ filters });
    const { Volumes: volumes } = await docker.listVolumes({ filters });
    await Promise.all([
      ...networks.map(({ Id, Name }) =>
        docker
          .getNetwork(Id)
          .remove()
          .catch(told(`network ${Name}`)),
      ),
      ...volumes.map(({ Name }) =>
        docker
          .getVolume(Name)
          .remove()
          .catch(told(`volume ${Name}`)),
      ),
    ]);
    return { problems, silent: false };
  } catch (error) {
    const what = `the Docker Engine does not tell what it holds of ${run}: ${saidBy(error)}`;
    return { problems: [...problems, what], silent: true };
  }
}
