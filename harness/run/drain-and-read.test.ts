import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '../driver/driver.ts';
import { drainAndRead, type DrainAndReadOptions } from './drain-and-read.ts';
import { StopSwitch } from './stop-switch.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'ackworth-drain-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('A node that has ended is soon given up, and the others are read as patiently as ever', async () => {
  const patience = new Map<number, number>();
  const readAll: Session['readAll'] = async ({ node = 0, patienceMs }) => {
    patience.set(node, patienceMs!);
    if (node === 2) throw new Error('connect ECONNREFUSED');
    return { partitions: [{ startOffset: 0, endOffset: 0 }] };
  };
  const began = performance.now();
  await drainAndRead({
    run: 'run-1',
    plan: { scenario: { nodes: 3, topic: { partitions: 1 } } },
    driver: { capabilities: { replayable: true, readEachReplica: true } },
    session: { readAll },
    cluster: { state: async (node: number) => (node === 2 ? 'stopped' : 'running') },
    fleet: { consumers: [], all: [] },
    stop: new StopSwitch(),
    history: { phase: () => undefined },
    historyDirectory: directory,
    onStage: () => undefined,
    onDrained: () => Promise.resolve(),
  } as unknown as DrainAndReadOptions);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect([...patience].toSorted()).toEqual([
    [0, 10_000],
    [1, 10_000],
    [2, 500],
    [3, 10_000],
  ]);
  const files = [0, 1, 2, 3].map((node) => `reader-${node}.ackh`);
  expect(readdirSync(directory).toSorted()).toEqual(files);
});
