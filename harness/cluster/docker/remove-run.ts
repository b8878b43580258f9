import type Docker from 'dockerode';
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

/**
 * Removes whatever carries the label of this run, and nothing else; what its containers were to
 * keep is copied out before. Resolves with a sentence for each thing that could not be removed.
 */
export async function removeRun(docker: Docker, run: string): Promise<string[]> {
  const problems: string[] = [];
  const filters = ofRun(run);
  const told = (what: string) => (error: unknown) => {
    if (statusOf(error) !== 404) problems.push(`${what} cannot be removed: ${saidBy(error)}`);
  };
  try {
    const containers = await docker.listContainers({ all: true, filters });
    await Promise.all(
      containers.map(({ Id, Names }) =>
        retireContainer(docker, Id).catch(told(`container ${Names[0]?.slice(1) ?? Id}`)),
      ),
    );
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
  } catch (error) {
    problems.push(`the Docker Engine does not tell what it holds of ${run}: ${saidBy(error)}`);
  }
  return problems;
}
