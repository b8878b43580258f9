import { describe, expect, test } from 'vitest';
import { describeCluster } from '../cluster.contract.ts';
import { clusterOnEngine } from './testing/cluster-on-engine.ts';
import { whyNoEngine } from './testing/why-no-engine.ts';

const missing = await whyNoEngine();
const run = `contract-${process.pid}`;

describe.skipIf(missing !== undefined)(
  `on Docker${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    describeCluster('docker', async () => {
      const { cluster, close: end } = await clusterOnEngine(run);
      const close = async (): Promise<void> => expect(await end()).toEqual([]);
      return { cluster, close };
    });
  },
);

test('a Docker Engine answers where that is required', () => {
  const required = (process.env['ACKWORTH_REQUIRE'] ?? '').split(/[\s,]+/).includes('docker');
  if (required) expect(missing).toBeUndefined();
});
