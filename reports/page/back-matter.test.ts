import { expect, test } from 'vitest';
import { shortRun } from '../testing/records.ts';
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
