import { describe, expect, test } from 'vitest';
import { runSeed } from '../../../broker/sim/run-seed.ts';
import { huntInSimulation, seedsMax } from '../../../scripts/soak/simulated-defects.ts';
import { schedules, simulatedDefects } from './registry.ts';

describe('a defect around the disk of a simulated node', () => {
  test.each(simulatedDefects)('$name is caught as itself within five seeds', async (defect) => {
    const { caughtAtSeed, evidence } = await huntInSimulation(defect);
    expect(caughtAtSeed, evidence).not.toBeNull();
  });

  test.each(simulatedDefects)('$schedule raises no alarm without it', async ({ schedule }) => {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { violation } = await runSeed({ seed, overrides: schedules[schedule] });
      expect(violation, `seed ${seed}`).toBeUndefined();
    }
  });
});
