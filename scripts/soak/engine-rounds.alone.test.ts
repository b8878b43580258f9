import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoEngine } from '../../harness/cluster/docker/testing/why-no-engine.ts';
import { engineRounds, plainFaultNames, type EngineRun } from './engine-rounds.ts';

const missing = await whyNoEngine();
const rounds = 2;
// The others act on containers under load elsewhere.
const elsewhere = ['kill', 'kill of a consumer', 'disconnect', 'memory-limit'];
const kinds = plainFaultNames.filter((name) => !elsewhere.includes(name));

describe.skipIf(missing !== undefined)(
  `faults of the engine, time after time under load${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    let output: string;
    let run: EngineRun;

    beforeAll(async () => {
      output = mkdtempSync(join(tmpdir(), 'ackworth-rounds-'));
      run = await engineRounds({ kinds, rounds, seed: 1, output });
    }, 240_000);

    afterAll(() => rmSync(output, { recursive: true, force: true }));

    test.each(kinds)('%s acts and heals, proven each time', (kind) => {
      const found = run.rounds.find((one) => one.kind === kind)!;
      expect(found).toMatchObject({ rounds, confirmed: rounds, doubts: [] });
    });

    test('they cost no acked message, and leave nothing on the engine', () => {
      expect(run.problems).toEqual([]);
      expect(run.acked).toBeGreaterThan(15_000);
      expect(run).toMatchObject({ lost: 0, left: [] });
    });
  },
);
