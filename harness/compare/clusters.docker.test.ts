import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differencesInWords } from '../../reports/differences.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { readRecord, readSuite } from '../record/read.ts';
import { DockerRuns, heldOf, nothingHeld } from '../run/testing/docker-runs.ts';

const missing = await whyNoEngine();
const title = `the same load on processes and on containers${missing ? ` (skipped: ${missing})` : ''}`;

describe.skipIf(missing !== undefined)(title, () => {
  let runs: DockerRuns;

  beforeAll(() => {
    runs = new DockerRuns();
  });

  afterAll(() => runs.close());

  test('stands side by side in one comparison, with the difference stated', async () => {
    const scenario = runs.writeScenario([{ name: 'steady', duration: '4s' }]);
    const axes = ['--cluster', 'process,docker', '--rates', '300', '--repeats', '2'];
    const { status, stdout, stderr } = runs.ackworth(['compare', scenario, ...axes, '--seed', '7']);
    expect(status, stdout + stderr).toBe(0);
    const directory = realpathSync(join(runs.output, 'latest'));
    const suite = await readSuite(join(directory, 'suite.json'));
    expect(suite.engines).toMatchObject([{ cluster: 'docker' }]);
    expect(suite.engines[0]!.note).toContain('Docker Engine');
    const [difference, ...others] = suite.differences;
    expect(others).toEqual([]);
    expect(difference).toMatchObject({
      word: 'cluster',
      from: 'process, sync x quorum',
      to: 'docker, sync x quorum',
      rates: [{ rate: 300, pairs: 2 }],
    });
    // Whether a machine under test sustains the rate is its own affair.
    const keptBy = (mode: string): number =>
      suite.cells.filter((cell) => cell.mode === mode && cell.price!.sustained).length;
    const { from, to, rates } = difference!;
    expect(rates[0]!.sustained).toEqual({ from: keptBy(from), to: keptBy(to) });
    for (const { id, mode, record, price } of suite.cells) {
      const found = await readRecord(join(directory, record!));
      expect(found.cluster.kind).toBe(mode.startsWith('docker') ? 'docker' : 'process');
      expect(found.latency.service.p50).toBe(price!.service.p50);
      expect(await heldOf(found.id), id).toEqual(nothingHeld);
    }
    const [sentence] = differencesInWords(suite);
    expect(sentence).toMatch(/^docker beside process, sync × quorum: .*sustained/);
    expect(stdout).toContain(sentence);
    expect(readFileSync(join(directory, 'report.html'), 'utf8')).toContain(sentence);
  });
});
