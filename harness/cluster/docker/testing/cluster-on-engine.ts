import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceProgram } from '../../../driver/reference/program.ts';
import { Supervisor } from '../../../supervisor/supervisor.ts';
import { plainStorage } from '../../process/storage/plain.ts';
import type { NodeProgram } from '../../node-program.ts';
import type { SupervisedCluster } from '../../supervised-cluster.ts';
import { engineEndpoint } from '../endpoint.ts';
import { dockerAt } from '../engine.ts';
import { findDockerGround } from '../ground.ts';
import { openContainers, type ContainersOptions } from '../open-containers.ts';
import { findRun } from '../remove-run.ts';

/** Three nodes in containers, with a supervisor of their own; not up yet. */
export async function clusterOnEngine(
  run: string,
  options: Pick<ContainersOptions, 'sites' | 'limits' | 'healthChecks'> & {
    /** Of what; the reference broker when left out. */
    readonly program?: NodeProgram;
    /** Links are cut by a packet filter. */
    readonly cuts?: boolean;
    readonly onExit?: (name: string) => void;
  } = {},
): Promise<{
  readonly cluster: SupervisedCluster;
  readonly supervisor: Supervisor;
  /** Resolves with what the supervisor could not clean up, and what the engine still holds of it. */
  readonly close: () => Promise<readonly string[]>;
}> {
  const { program = referenceProgram(), cuts = false, onExit, ...wishes } = options;
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-docker-'));
  const supervisor = new Supervisor({
    run,
    directory,
    onExit: ({ name }) => onExit?.(name),
    onLost: () => undefined,
  });
  const { cluster } = openContainers({
    ...wishes,
    run,
    ground: await findDockerGround({
      program,
      storage: 'plain',
      cuts,
      onBuild: () => undefined,
    }),
    supervisor,
    nodes: 3,
    program,
    storage: plainStorage((node) => join(directory, 'data', `node-${node}`)),
    logDirectory: join(directory, 'nodes'),
    historyDirectory: directory,
    token: 'secret',
  });
  const close = async (): Promise<readonly string[]> => {
    const problems = await supervisor.close();
    const { containers, networks, volumes } = await findRun(dockerAt(engineEndpoint()), run);
    rmSync(directory, { recursive: true, force: true });
    return [...problems, ...containers, ...networks, ...volumes];
  };
  return { cluster, supervisor, close };
}
