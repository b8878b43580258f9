import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { referenceProgram } from '../../driver/reference/program.ts';
import { Supervisor } from '../../supervisor/supervisor.ts';
import { describeCluster } from '../cluster.contract.ts';
import { freePorts } from './free-ports.ts';
import { ProcessCluster } from './process-cluster.ts';
import { plainStorage } from './storage/plain.ts';

describeCluster('process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-cluster-'));
  const supervisor = new Supervisor({
    run: 'contract',
    directory,
    onExit: () => undefined,
    onLost: () => undefined,
  });
  const cluster = new ProcessCluster({
    supervisor,
    nodes: 3,
    program: referenceProgram(),
    storage: plainStorage((node) => join(directory, 'data', `node-${node}`)),
    logDirectory: join(directory, 'nodes'),
    token: 'secret',
  });
  const close = async (): Promise<void> => {
    await supervisor.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { cluster, close };
});

describe('free ports', () => {
  test('are different, free, and out of the way of outgoing connections', async () => {
    const ports = await freePorts(9);
    expect(new Set(ports).size).toBe(9);
    for (const port of ports) {
      expect(port).toBeLessThan(32_768);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
