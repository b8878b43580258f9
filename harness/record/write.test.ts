import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import { readRecord } from './read.ts';
import { writeRecord } from './write.ts';

const record = makeRecord({ phases: [{ name: 'steady', lengthMs: 2000 }], rate: 100 });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackworth-write-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writing a record', () => {
  test('leaves one file, which reads back the same', async () => {
    const file = join(folder, 'record.json');
    await writeRecord(file, record);
    expect(await readRecord(file)).toEqual(record);
    expect(await readdir(folder)).toEqual(['record.json']);
  });

  test('replaces an older record as a whole', async () => {
    const file = join(folder, 'record.json');
    await writeRecord(file, record);
    await writeRecord(file, { ...record, seed: 99 });
    expect((await readRecord(file)).seed).toBe(99);
  });

  test('refuses a record that nobody could read, and leaves what was there', async () => {
    const file = join(folder, 'record.json');
    await writeRecord(file, record);
    const before = await readFile(file, 'utf8');
    const broken = { ...record, throughput: { ...record.throughput, acked: Number.NaN } };
    await expect(writeRecord(file, broken)).rejects.toThrow(/is not valid at throughput\.acked: /);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  test('names the file that it could not write, and leaves nothing beside it', async () => {
    const file = join(folder, 'absent', 'record.json');
    await expect(writeRecord(file, record)).rejects.toThrow(
      /^Could not write the record .*absent\/record\.json: .+\.$/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
