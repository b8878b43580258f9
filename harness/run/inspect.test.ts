import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '../driver/driver.ts';
import { historyFiles, readHistoryHeader } from '../history/reader.ts';
import { PayloadWriter } from '../load/payload.ts';
import { inspector } from './inspect.ts';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'ackworth-inspect-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('An inspection says what a node handed out, and leaves it in a history file of its own', async () => {
  const writer = new PayloadWriter({ run: 'run-1', producer: 3, sizeBytes: 100, seed: 1 });
  const slot = writer.slot();
  let refuses = false;
  const readAll: Session['readAll'] = async ({ node, onRecord, patienceMs }) => {
    expect([node, patienceMs]).toEqual([2, 2000]);
    writer.write(slot, 0, 7, 1000);
    onRecord({ payload: slot.payload, partition: 0, offset: 0 });
    if (!refuses) return { partitions: [{ startOffset: 0, endOffset: 1 }] };
    onRecord({ payload: Buffer.alloc(0), partition: 0, offset: 1 });
    throw new Error('a batch does not match its CRC');
  };
  const inspect = inspector({
    session: { readAll },
    run: 'run-1',
    historyDirectory: directory,
    partitions: 1,
  });
  expect(await inspect(2)).toEqual({ records: 1, damaged: 0, complete: true, reason: '' });
  refuses = true;
  expect(await inspect(2)).toEqual({
    records: 2,
    damaged: 1,
    complete: false,
    reason: 'a batch does not match its CRC',
  });
  const headers = historyFiles(directory).map((file) => readHistoryHeader(file));
  expect(headers).toMatchObject([
    { worker: 'inspector-2.1', role: 'inspector' },
    { worker: 'inspector-2.2', role: 'inspector' },
  ]);
});

test('A node is seen whole by the partitions that it holds, and by none of them it is not', async () => {
  const nowhere = { startOffset: -1, endOffset: -1 };
  let partitions = [nowhere, nowhere];
  const inspect = inspector({
    session: { readAll: () => Promise.resolve({ partitions }) },
    run: 'run-1',
    historyDirectory: directory,
    partitions: 2,
  });
  expect(await inspect(3)).toMatchObject({
    complete: false,
    reason: 'node 3 holds no copy of the topic',
  });
  partitions = [nowhere, { startOffset: 0, endOffset: 0 }];
  expect(await inspect(3)).toMatchObject({ complete: true, reason: '' });
});
