import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loopsBelow } from '../file-system/mount-table.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { probeEnvironment } from '../measure/probes.ts';
import { runScenario } from '../run/run.ts';
import { parseScenario } from '../scenario/parse.ts';
import { vocabulary } from '../vocabulary.ts';

/** Once, and not around each run. */
const probe = await probeEnvironment(tmpdir());

let output: string;

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-power-cut-'));
});

afterEach(() => {
  expect(loopsBelow(output)).toEqual([]);
  rmSync(output, { recursive: true, force: true });
});

/** The power of all nodes is cut under load, and who led comes back last. */
async function runOn(form: 'emulated' | 'xfs') {
  const scenario = {
    name: 'dark',
    question: 'Is every acked message there after the power was off?',
    warmUp: '1s',
    storage: { form },
    workload: { rate: 200, size: 200 },
    phases: [
      {
        name: 'power-cut',
        duration: '12s',
        faults: [
          {
            fault: 'power-cut',
            target: 'all-nodes',
            at: '2s',
            for: '1s',
            with: { back: 'leader-last' },
          },
        ],
      },
    ],
  };
  const { record } = await runScenario({
    scenario: parseScenario(scenario, 'dark', vocabulary()),
    seed: 7,
    target: 'reference',
    cluster: 'process',
    outputDirectory: output,
    probe,
    keepData: false,
    command: 'ackworth run dark --seed 7',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return record;
}

// On ext4: worth-of-an-ack.
const forms = [
  ['emulated', undefined],
  ['xfs', await whatIsMissing('xfs', tmpdir())],
] as const;

for (const [form, missing] of forms) {
  const why = missing === undefined ? '' : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(
    `a power cut of all nodes on ${form} storage${why}`,
    () => {
      test('is proven, and takes nothing that was acked with flush sync', async () => {
        const { accounting, cluster, faults } = await runOn(form);
        expect(cluster).toMatchObject({ storage: form, note: 'as asked for' });
        expect(faults).toMatchObject([
          {
            kind: 'power-cut',
            victims: ['node 1', 'node 2', 'node 3'],
            proof: { injected: 'confirmed', healed: 'confirmed' },
          },
        ]);
        // Each log has a mark of how far it is synced, which is not synced itself.
        for (const node of [1, 2, 3]) {
          const some = new RegExp(`node ${node} lost [1-9][\\d,]* un-synced bytes?`);
          expect(faults[0]!.proof.healedEvidence).toMatch(some);
        }
        expect(accounting.acked).toBeGreaterThan(2_000);
        expect(accounting.lost).toBe(0);
      });
    },
  );
}
