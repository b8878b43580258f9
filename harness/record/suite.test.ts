import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import { readRecord, readSuite } from './read.ts';
import { suiteSchemaId, type SuiteCell, type SuiteMode, type SuiteRecord } from './suite.ts';
import { writeRecord, writeSuite } from './write.ts';

const run = makeRecord({ phases: [{ name: 'steady', lengthMs: 2000 }], rate: 100 });

const mode: SuiteMode = {
  id: 'async x quorum',
  target: 'reference',
  cluster: 'process',
  flush: 'async',
  replication: 'quorum',
  nodes: 3,
  flushIntervalMs: 100,
  axes: { batch: 65_536 },
};
const cell = { mode: mode.id, repeat: 1, state: 'done' as const, note: '', reasons: [] };
const price: SuiteCell = {
  ...cell,
  id: 'async-quorum-price-5000',
  kind: 'price',
  order: 2,
  record: 'cells/async-quorum-price-5000/record.json',
  verdict: 'pass',
  price: {
    targetRate: 5000,
    offered: 5000,
    acked: 4999.5,
    sustained: true,
    service: { p50: 800, p99: 1900, p999: null },
    response: { p50: 900, p99: 2100, p999: null },
    endToEnd: { p50: 1000, p99: 2500, p999: null },
    doubtful: [],
  },
  worth: null,
};
const worth: SuiteCell = {
  ...cell,
  id: 'async-quorum-power-cut-all',
  kind: 'worth',
  order: 1,
  record: 'cells/async-quorum-power-cut-all/record.json',
  verdict: 'pass',
  price: null,
  worth: {
    fault: 'power-cut-all',
    promise: { loss: 'window', bound: '100 ms plus one sync' },
    observed: 'allowed',
    acked: 20_000,
    lost: 120,
    vanished: 80,
    passedOver: 0,
    exposure: 210,
    lossWindowMessages: 120,
    lossWindowMs: 41.5,
    duplicates: 0,
    reordered: 0,
    unknown: 12,
    recoveryMs: 1800,
    faultsConfirmed: 1,
    lossBound: null,
  },
};
const suite: SuiteRecord = {
  schema: suiteSchemaId,
  id: '20260101-000000-durability-0000',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:04:00.000Z',
  version: '0.1.0',
  command: 'npx ackworth compare durability --seed 7',
  seed: 7,
  scenario: { name: 'durability', question: 'What does each step of safety cost?' },
  quick: true,
  repeats: 1,
  environment: run.environment,
  storage: { form: 'plain', why: 'no fault needs more' },
  engines: [{ cluster: 'docker', note: 'Docker Engine 20.10.24' }],
  modes: [mode],
  cells: [price, worth],
  sustainedRates: [{ mode: mode.id, rate: 5000 }],
  differences: [],
  verdict: 'pass',
  reasons: [],
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ackworth-suite-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the record of a suite', () => {
  test('is read back as it was written', async () => {
    const file = join(folder, 'suite.json');
    await writeSuite(file, suite);
    expect(await readSuite(file)).toEqual(suite);
  });

  test('that knows of no clusters is one of processes, of which none are compared', async () => {
    const file = join(folder, 'earlier.json');
    const { differences: _, engines: ___, ...earlier } = suite;
    const { cluster: __, ...bare } = mode;
    await writeFile(file, JSON.stringify({ ...earlier, modes: [bare] }));
    expect(await readSuite(file)).toEqual({ ...suite, engines: [] });
  });

  test('is refused with its place where nobody could read it', async () => {
    const file = join(folder, 'broken.json');
    const broken = { ...suite, cells: [price, { ...worth, worth: { ...worth.worth!, lost: -1 } }] };
    await expect(writeSuite(file, broken)).rejects.toThrow(
      /^The record of suite 20260101-\S+ is not valid at cells\.1\.worth\.lost: /,
    );
    await expect(readSuite(file)).rejects.toThrow(
      /^Cannot use .*broken\.json as a suite record: it does not exist; name the folder of a comp/,
    );
  });

  test('that was torn is to be removed, since what goes on with it reads it too', async () => {
    const file = join(folder, 'torn.json');
    await writeFile(file, '{"schema": "ackw');
    await expect(readSuite(file)).rejects.toThrow(
      /was cut short; remove it and run its cells again with `ackworth compare --resume`\.$/,
    );
  });

  test('is not taken for that of a run, nor the other way round', async () => {
    const [ofSuite, ofRun] = [join(folder, 'suite.json'), join(folder, 'record.json')];
    await writeSuite(ofSuite, suite);
    await writeRecord(ofRun, run);
    await expect(readRecord(ofSuite)).rejects.toThrow(
      /as a run record: its schema is "ackworth\/suite@1", and this Ackworth reads ackworth\/record@1\.$/,
    );
    await expect(readSuite(ofRun)).rejects.toThrow(
      /as a suite record: its schema is "ackworth\/record@1", and this Ackworth reads ackworth\/suite@1\.$/,
    );
  });
});
