import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { realEnv } from '../env/real/env.ts';
import { Log } from './log.ts';
import { entriesAfter } from './testing/world.ts';

test('a log on a real disk is read back after it was closed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'ackworth-log-'));
  try {
    const { disk, clock } = realEnv(root);
    const options = {
      disk,
      clock,
      directory: 'node/group-1',
      flush: { mode: 'sync', intervalMs: 0 },
      segmentBytes: 20_000,
      retentionBytes: 0,
      retentionMs: 0,
      cacheBytes: 0,
      onPersisted: () => {},
      onFailed: (error: Error) => expect.unreachable(error.message),
    } as const;
    const log = await Log.open(options);
    const entries = entriesAfter(
      log,
      Array.from({ length: 60 }, (_, at) => (at * 37) % 5000),
    );
    for (const entry of entries) log.append([entry]);
    await log.close();
    expect(log.persistedIndex).toBe(60);
    const again = await Log.open(options);
    const found: Buffer[] = [];
    while (found.length < 60) {
      const some = await again.loadEntries(found.length + 1, 1 << 20);
      found.push(...some.map((entry) => entry.bytes));
    }
    const written = Buffer.concat(entries.map(({ bytes }) => bytes));
    expect(Buffer.concat(found).equals(written)).toBe(true);
    await again.close();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
