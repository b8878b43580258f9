import type { ContainerStats } from 'dockerode';
import { expect, test } from 'vitest';
import { noLimits } from '../node-container.ts';
import { countersOf, UsageSum } from './usage.ts';

const mebibyte = 1024 ** 2;

/** As an engine with control groups of version 1 answers. */
function answer(changes: object = {}): ContainerStats {
  return {
    cpu_stats: { cpu_usage: { total_usage: 2_500_000_000 } },
    memory_stats: { usage: 90 * mebibyte, stats: { total_inactive_file: 30 * mebibyte } },
    networks: {
      eth0: { rx_bytes: 1000, tx_bytes: 10 },
      eth1: { rx_bytes: 200, tx_bytes: 2 },
    },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 4096 },
        { op: 'Write', value: 8192 },
        { op: 'Total', value: 12_288 },
      ],
    },
    ...changes,
  } as unknown as ContainerStats;
}

test('the engine’s counters become seconds and bytes, without the page cache', () => {
  expect(countersOf(answer())).toEqual({
    cpuSeconds: 2.5,
    memoryBytesMax: 60 * mebibyte,
    network: { receivedBytes: 1200, sentBytes: 12 },
    block: { readBytes: 4096, writtenBytes: 8192 },
  });
});

test('what the engine does not tell is not known, and not 0', () => {
  const silent = answer({ networks: undefined, blkio_stats: { io_service_bytes_recursive: null } });
  expect(countersOf(silent)).toMatchObject({ network: null, block: null });
});

test('the lives of a site are added up, each by its last counters', () => {
  const sum = new UsageSum();
  const used = (cpuSeconds: number, memoryBytesMax: number) => ({
    cpuSeconds,
    memoryBytesMax,
    network: { receivedBytes: cpuSeconds * 100, sentBytes: 0 },
    block: null,
  });
  sum.add('node-1', 'first', used(1, 50));
  sum.add('node-1', 'first', used(2, 40));
  sum.add('node-1', 'second', used(0.5, 30));
  sum.add('node-2', 'other', used(7, 70));
  expect(sum.sites()).toEqual([
    { site: 'node-1', ...used(2.5, 50), limits: noLimits, samples: 3 },
    { site: 'node-2', ...used(7, 70), limits: noLimits, samples: 1 },
  ]);
  const limits = { memoryBytes: 64 * mebibyte, cpus: 0.5 };
  sum.limited('node-2', limits);
  sum.limited('node-2', noLimits);
  expect(sum.sites()[1]?.limits, 'those of its first life').toEqual(limits);
});

test('a container that is told of without its counters keeps those it had', () => {
  const sum = new UsageSum();
  sum.add('node-1', 'only', countersOf(answer()));
  const ended = answer({
    cpu_stats: { cpu_usage: { total_usage: 0 } },
    memory_stats: {},
    networks: undefined,
  });
  sum.add('node-1', 'only', countersOf(ended));
  expect(sum.sites()).toMatchObject([{ cpuSeconds: 2.5, network: { receivedBytes: 1200 } }]);
});
