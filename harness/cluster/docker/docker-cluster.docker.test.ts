import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { referenceProgram } from '../../driver/reference/program.ts';
import { Supervisor } from '../../supervisor/supervisor.ts';
import { describeCluster } from '../cluster.contract.ts';
import { plainStorage } from '../process/storage/plain.ts';
import { engineEndpoint } from './endpoint.ts';
import { dockerAt } from './engine.ts';
import { findDockerGround } from './ground.ts';
import { openContainers } from './open-containers.ts';
import { findRun } from './remove-run.ts';
import { whyNoEngine } from './testing/why-no-engine.ts';

const missing = await whyNoEngine();
const run = `contract-${process.pid}`;

describe.skipIf(missing !== undefined)(`on Docker${missing ? ` (skipped: ${missing})` : ''}`, () => {
  describeCluster('docker', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ackworth-docker-cluster-'));
    const supervisor = new Supervisor({
      run,
      directory,
      onExit: () => undefined,
      onLost: () => undefined,
    });
    const { cluster } = openContainers({
      run,
      ground: await findDockerGround({ programs: [], storage: 'plain', cuts: false, onBuild: () => undefined }),
      supervisor,
      nodes: 3,
      program: referenceProgram(),
      storage: plainStorage((node) => join(directory, 'data', `node-${node}`)),
      logDirectory: join(directory, 'nodes'),
      historyDirectory: directory,
      token: 'secret',
    });
    const close = async (): Promise<void> => {
      expect(await supervisor.close()).toEqual([]);
      rmSync(directory, { recursive: true, force: true });
    };
    return { cluster, close };
  });

  afterAll(async () => {
    expect(await findRun(dockerAt(engineEndpoint()), run)).toEqual({
      containers: [],
      networks: [],
      volumes: [],
    });
  });
});

test('a Docker Engine answers where that is required', () => {
  const required = (process.env['ACKWORTH_REQUIRE'] ?? '').split(/[\s,]+/).includes('docker');
  if (required) expect(missing).toBeUndefined();
});
