import { describe, expect, test } from 'vitest';
import { runSeed } from '../sim/run-seed.ts';

// A file of its own, so that it has a core of its own.
const seedsPerTest = 250;

async function requireKept(from: number, count: number): Promise<void> {
  for (let seed = from; seed < from + count; seed++) {
    const { violation } = await runSeed({ seed });
    if (violation === undefined) continue;
    expect.fail(`seed ${seed}: ${violation}\nnode dist/scripts/simulate.js --seed ${seed}`);
  }
}

describe('2,000 seeded worlds keep every promise', () => {
  for (let from = 1; from <= 2_000; from += seedsPerTest) {
    test(`seeds ${from} to ${from + seedsPerTest - 1}`, async () => {
      await requireKept(from, seedsPerTest);
      expect.assertions(0);
    });
  }
});
