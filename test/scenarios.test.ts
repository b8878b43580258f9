import { expect, test } from 'vitest';
import { sustainedMs } from '../harness/checker/recovery/service-return.ts';
import { parseScenario } from '../harness/scenario/parse.ts';
import { vocabulary } from '../harness/vocabulary.ts';
import { scenarios } from '../scenarios/index.ts';

/** A node that is started again catches up meanwhile, on a machine that has little left. */
const catchingUpMs = 3000;

test.each(scenarios)('$name goes on long enough to see clients served again', (scenario) => {
  const { name, phases } = parseScenario(scenario, scenario.name, vocabulary());
  const ends = phases.map((_, index) =>
    phases.slice(0, index + 1).reduce((sum, { duration }) => sum + duration, 0),
  );
  const healed = phases.flatMap(({ faults, duration }, index) =>
    faults.map(({ at, for: lasts }) => {
      const latest = typeof at === 'number' ? at : at[1];
      return ends[index]! - duration + latest + (lasts ?? 0);
    }),
  );
  const left = ends.at(-1)! - Math.max(0, ...healed);
  expect(left, name).toBeGreaterThanOrEqual(sustainedMs + catchingUpMs);
});
