import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ProcessCluster } from '../../cluster/process/process-cluster.ts';
import { plainStorage } from '../../cluster/process/storage/plain.ts';
import { Supervisor } from '../../supervisor/supervisor.ts';
import { describeDriver } from '../driver.contract.ts';
import { referenceDriver } from './driver.ts';
import { referenceProgram } from './program.ts';

const nodes = [1, 2, 3];

describeDriver('reference', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-driver-'));
  const supervisor = new Supervisor({
    run: 'contract',
    directory,
    onExit: () => undefined,
    onLost: () => undefined,
  });
  const cluster = new ProcessCluster({
    supervisor,
    nodes: nodes.length,
    program: referenceProgram(),
    storage: plainStorage((node) => join(directory, 'data', `node-${node}`)),
    logDirectory: join(directory, 'nodes'),
    token: 'secret',
  });
  await cluster.up();
  return {
    driver: referenceDriver(),
    target: (topic) => cluster.target(topic),
    topic: {
      partitions: 4,
      replicas: 3,
      flush: 'os',
      replication: 'quorum',
      flushIntervalMs: 100,
      segmentBytes: 1 << 20,
    },
    pause: async () => {
      await Promise.all(nodes.map((node) => cluster.pause(node)));
      return async () => void (await Promise.all(nodes.map((node) => cluster.resume(node))));
    },
    kill: async (node) => {
      await cluster.kill(node);
      return async () => void (await cluster.start(node));
    },
    outageMs: 1500,
    // Whoever led finds another leader when it is resumed, and says so.
    retryOutageMs: 1500,
    patienceMs: 10_000,
    quietMs: 1000,
    stop: async () => {
      await cluster.down();
      await supervisor.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
