import { expect, test } from 'vitest';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { NodeHost } from './node-host.ts';
import type { NodeProgram } from './node-program.ts';
import { SupervisedCluster } from './supervised-cluster.ts';

test('A cluster that comes up is waited for no longer once its supervisor has gone', async () => {
  const supervisor = { gone: false, firstLine: () => Promise.resolve('ready') };
  const host = {
    housing: 'process',
    nodes: 1,
    addresses: ['nowhere:1'],
    prepare: () => Promise.resolve(),
    chooseAddresses: () => Promise.resolve(),
    spawn: () => Promise.resolve({ pid: 1, startTime: 1 }),
    logFile: () => '/nowhere/node-1.log',
  } as unknown as NodeHost;
  let asked = 0;
  const program = {
    readiness: 'line',
    ask: () => {
      supervisor.gone = ++asked === 2;
      return Promise.resolve(undefined);
    },
  } as unknown as NodeProgram;
  const cluster = new SupervisedCluster(host, {
    supervisor: supervisor as unknown as Supervisor,
    program,
    token: 'secret',
  });
  await expect(cluster.up()).rejects.toThrow('the supervisor ended before the cluster served');
  expect(asked).toBe(2);
});
