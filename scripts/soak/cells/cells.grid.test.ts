import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whatIsMissing } from '../../../harness/file-system/trial.ts';
import { promiseCells, type PromiseCells } from './cells.ts';

const missing = await whatIsMissing('ext4', tmpdir());
/** Two cores run no more at once without one waiting for the other. */
const jobs = 3;

let output: string;
let cells: PromiseCells;

beforeAll(async () => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-cells-'));
  cells = await promiseCells({ from: 1, seeds: 1, jobs, output });
}, 600_000);

afterAll(() => rmSync(output, { recursive: true, force: true }));

function requireHeld(forms: readonly string[]): void {
  const series = cells.series.filter(({ form }) => forms.includes(form));
  expect(series.length).toBeGreaterThan(10);
  for (const { cell, form, promise, held, exposed, violations, doubts } of series) {
    const told = `${cell} on ${form}: ${doubts.flatMap(({ reasons }) => reasons).join('; ')}`;
    expect({ held, violations }, told).toEqual({ held: 1, violations: 0 });
    if (promise !== 'none') expect(exposed, told).toBe(1);
  }
}

describe('every cell of the promise table', () => {
  test('holds where processes are killed or cut off, and where it may lose there is a stake', () => {
    requireHeld(['plain']);
  });

  test('holds under power cuts in the emulated form', () => {
    requireHeld(['emulated']);
  });

  const why = missing === undefined ? '' : ` (skipped: ${missing})`;
  test.skipIf(missing !== undefined)(`holds under power cuts in the real form${why}`, () => {
    requireHeld(['ext4']);
  });
});
