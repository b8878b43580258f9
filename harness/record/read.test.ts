import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import { HarnessError } from '../errors.ts';
import { parseRecord, readRecord } from './read.ts';

const record = makeRecord({ phases: [{ name: 'steady', lengthMs: 2000 }], rate: 100 });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackworth-read-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function refusal(text: string): string {
  try {
    parseRecord(text, 'runs/x/record.json');
  } catch (error) {
    expect(error).toBeInstanceOf(HarnessError);
    expect((error as HarnessError).code).toBe('record');
    return (error as HarnessError).message;
  }
  throw new Error('it was accepted');
}

describe('reading a record', () => {
  test('gives back what was written', async () => {
    const file = join(folder, 'record.json');
    await writeFile(file, JSON.stringify(record));
    expect(await readRecord(file)).toEqual(record);
  });

  test('takes what earlier records said of an interval that nobody had asked for', () => {
    const earlier = { ...record, durability: { ...record.durability, flushIntervalMs: 100 } };
    for (const told of [record, earlier])
      expect(parseRecord(JSON.stringify(told), 'record.json')).toEqual(told);
  });

  test('says in one sentence that a file is missing, or a folder', async () => {
    await expect(readRecord(join(folder, 'nothing.json'))).rejects.toThrow(
      /^Cannot use .*nothing\.json as a run record: it does not exist; name a run folder or its record\.json\.$/,
    );
    await expect(readRecord(folder)).rejects.toThrow(/as a run record: it cannot be read\.$/);
  });

  test.each([
    ['an empty file', '', 'it is empty; judge the run again with `ackworth check`'],
    [
      'a torn file',
      JSON.stringify(record).slice(0, 500),
      'it is not JSON, or was cut short; judge the run again with `ackworth check`',
    ],
    [
      'another JSON file',
      '{"name":"ackworth"}',
      'it is not a run record (no "schema": "ackworth/record@1")',
    ],
    ['a list', '[]', 'it is not a run record (no "schema": "ackworth/record@1")'],
    [
      'a foreign schema',
      '{"schema":"other/thing@1"}',
      'its schema is "other/thing@1", and this Ackworth reads ackworth/record@1',
    ],
    [
      'a newer record',
      '{"schema":"ackworth/record@2"}',
      'it was written by a newer Ackworth (ackworth/record@2, this one reads ackworth/record@1); update Ackworth',
    ],
  ])('refuses %s with a sentence that names the file', (_, text, why) => {
    expect(refusal(text)).toBe(`Cannot use runs/x/record.json as a run record: ${why}.`);
  });

  test('names the place of the first damage, and how much more there is', () => {
    const damaged = { ...record, seed: 'seven', workload: { ...record.workload, rate: null } };
    expect(refusal(JSON.stringify(damaged))).toMatch(/it is damaged at seed: .+ \(and 1 more\)\.$/);
    expect(refusal(JSON.stringify({ ...record, surprise: 1 }))).toMatch(
      /has fields that this Ackworth does not know \(surprise\); update it\.$/,
    );
  });
});
