import { runSeed } from '../../broker/sim/run-seed.ts';
import {
  schedules,
  simulatedDefects,
  type SimulatedDefect,
} from '../../test/defects/simulated/registry.ts';
import type { DefectRun } from './soak-record.ts';

export const seedsMax = 5;

/** Each named defect of a simulated disk against seeds 1 to 5, until one raises its violation. */
export async function huntAllInSimulation(names: string): Promise<DefectRun[]> {
  const wanted = names.split(',');
  const runs: DefectRun[] = [];
  for (const defect of simulatedDefects) {
    if (names === 'all' || wanted.includes(defect.name)) runs.push(await huntInSimulation(defect));
  }
  return runs;
}

/** Runs one until it is caught, at most `seedsMax` times. */
export async function huntInSimulation(defect: SimulatedDefect): Promise<DefectRun> {
  const { name, schedule, expected, parts } = defect;
  const told = {
    defect: name,
    scenario: `simulation: ${schedule}`,
    storage: 'simulated',
    expected: expected.join(', '),
  };
  const seedsTried: number[] = [];
  let evidence = '';
  for (let seed = 1; seed <= seedsMax; seed++) {
    seedsTried.push(seed);
    const { violation } = await runSeed({ seed, overrides: schedules[schedule], parts });
    evidence = violation?.split('\n')[0] ?? 'every promise was kept';
    process.stderr.write(`${name} seed ${seed}: ${evidence}\n`);
    const caught = expected.every((words) => evidence.includes(words));
    if (caught) return { ...told, seedsTried, caughtAtSeed: seed, evidence };
  }
  return { ...told, seedsTried, caughtAtSeed: null, evidence };
}
