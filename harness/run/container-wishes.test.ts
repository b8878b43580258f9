import { expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { containerWishes } from './container-wishes.ts';

function wishes(changes: object, faults: readonly object[] = []) {
  const words = vocabulary();
  const phases = [{ name: 'one', duration: '10s', faults }];
  const given = { name: 'short', question: 'What may it use?', phases, ...changes };
  const scenario = parseScenario(given, 'short', words);
  const options = { seed: 1, target: 'reference', cluster: 'docker', vocabulary: words } as const;
  return containerWishes(makePlan(scenario, options));
}

const unlimited = { memoryBytes: null, cpus: null };

test('containers have no limits but those of the scenario', () => {
  expect(wishes({}).limits).toEqual({ node: unlimited, worker: unlimited });
  const containers = { node: { memory: '128MiB' }, worker: { cpus: 0.5 } };
  expect(wishes({ containers }).limits).toEqual({
    node: { memoryBytes: 128 * 1024 ** 2, cpus: null },
    worker: { memoryBytes: null, cpus: 0.5 },
  });
});

test('the engine checks nodes, unless they are short of something, which checks use, too', () => {
  expect(wishes({}).healthChecks).toBe(true);
  expect(wishes({ containers: { worker: { cpus: 0.5 } } }).healthChecks).toBe(true);
  expect(wishes({ containers: { node: { cpus: 0.5 } } }).healthChecks).toBe(false);
  const fault = { target: 'leader', at: '1s', for: '1s' };
  expect(wishes({}, [{ ...fault, fault: 'kill' }]).healthChecks).toBe(true);
  const short = { ...fault, fault: 'memory-limit', with: { bytes: '64MiB' } };
  expect(wishes({}, [short]).healthChecks).toBe(false);
});
