import { expect, test } from 'vitest';
import { lossyPowerCut, shortRun } from '../testing/records.ts';
import { environmentSection } from './back-matter.ts';

test('what nodes and clients used is told where an engine told it, and a dash where it did not', () => {
  const resources = [
    {
      site: 'node-1',
      cpuSeconds: 12.34,
      memoryBytesMax: 96 * 1024 ** 2,
      network: { receivedBytes: 5 * 1024 ** 2, sentBytes: 1024 },
      block: null,
      limits: { memoryBytes: 128 * 1024 ** 2, cpus: 0.5 },
      samples: 9,
    },
  ];
  const text = environmentSection({ ...shortRun(), resources }).text;
  expect(text).toContain('What nodes and clients used');
  expect(text.replaceAll(/\s/gu, ' ')).toMatch(
    /node-1.+12\.3 s.+96 MiB.+128 MiB, 0\.5 CPUs.+5 MiB.+1 KiB.+–.+–/,
  );
  expect(environmentSection(shortRun()).text).not.toContain('What nodes');
});

test('how long a run took to begin and to end is told where it was measured', () => {
  const timed = { ...shortRun(), timing: { toFirstAckMs: 4321, tearDownMs: 987 } };
  const text = environmentSection(timed).text.replaceAll(/\s/gu, ' ');
  expect(text).toContain('first ack 4.32 s after the start, torn down in 987 ms');
  const untimed = { ...shortRun(), timing: { toFirstAckMs: null, tearDownMs: null } };
  expect(environmentSection(untimed).text).not.toContain('the run itself');
});

test('how often is synced is what the servers say, and else what they were asked for', () => {
  const durabilityOf = (changes: object) =>
    /<dt>durability<.dt><dd>(.*?)<.dd>/
      .exec(environmentSection({ ...lossyPowerCut(), ...changes }).text)?.[1]
      ?.replaceAll(/\s/gu, ' ');
  const { target, durability } = lossyPowerCut();
  const server = { syncAlways: false, syncIntervalMs: 2000 };
  const untold = { ...target, config: {} };
  const async = { ...durability, flush: 'async', flushIntervalMs: 100 };
  expect(durabilityOf({})).toBe('flush os, every 2 min 0 s as the servers say; replication quorum');
  const servers = [server, { ...server, syncIntervalMs: 500 }];
  expect(durabilityOf({ durability: async, target: { ...target, config: { servers } } })).toBe(
    'flush async, every 2.00 s and 500 ms as the servers say; replication quorum',
  );
  const topic = { ...target, config: { flushIntervalMs: 250 } };
  expect(durabilityOf({ durability: async, target: topic })).toBe(
    'flush async, every 250 ms as the servers say; replication quorum',
  );
  expect(durabilityOf({ durability: async, target: untold })).toBe(
    'flush async, every 100 ms; replication quorum',
  );
  // Of earlier records, which name an interval that nobody had asked for.
  const earlier = { ...durability, flushIntervalMs: 100 };
  expect(durabilityOf({ durability: earlier, target: untold })).toBe(
    'flush os; replication quorum',
  );
  expect(durabilityOf({ durability: earlier, target: topic })).toBe('flush os; replication quorum');
  expect(durabilityOf({ durability: { ...earlier, flush: 'sync' } })).toBe(
    'flush sync; replication quorum',
  );
});
