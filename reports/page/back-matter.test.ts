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
      samples: 9,
    },
  ];
  const text = environmentSection({ ...shortRun(), resources }).text;
  expect(text).toContain('What nodes and clients used');
  expect(text.replaceAll(/\s/gu, ' ')).toMatch(/node-1.+12\.3 s.+96 MiB.+5 MiB.+1 KiB.+–.+–/);
  expect(environmentSection(shortRun()).text).not.toContain('What nodes');
});
