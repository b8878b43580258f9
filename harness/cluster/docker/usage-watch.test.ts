import { setImmediate as later } from 'node:timers/promises';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { nameLabel } from './labels.ts';
import { UsageWatch } from './usage-watch.ts';

const inspected = { HostConfig: {} };
const stats = {
  cpu_stats: { cpu_usage: { total_usage: 3_000_000_000 } },
  memory_stats: { usage: 1024 },
};

test('a container that ends while it is looked at does not take the last word of the others', async () => {
  const containers = ['ended', 'node-1'].map((name) => ({
    Id: name,
    Labels: { [nameLabel]: name },
  }));
  const docker = {
    listContainers: () => Promise.resolve(containers),
    getContainer: (id: string) => ({
      inspect: () => (id === 'ended' ? Promise.reject(new Error('gone')) : later(inspected)),
      stats: () => later(stats),
    }),
  };
  const watch = new UsageWatch(docker as unknown as Docker, 'a-run');
  watch.start();
  expect(await watch.stop()).toMatchObject([{ site: 'node-1', cpuSeconds: 3, samples: 1 }]);
});
