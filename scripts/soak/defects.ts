import type { ClusterKind } from '../../harness/cluster/kinds.ts';
import { entryPoint } from '../../harness/entry-point.ts';
import type { EnvironmentProbe, RunRecord } from '../../harness/record/record.ts';
import type { RunOptions } from '../../harness/run/run-types.ts';
import { runScenario } from '../../harness/run/run.ts';
import { withOverrides } from '../../harness/scenario/overrides.ts';
import type { Scenario } from '../../harness/scenario/schema.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { scenarios } from '../../scenarios/index.ts';
import { plantedDefects as registry, type PlantedDefect } from '../../test/defects/registry.ts';
import type { DefectRun } from './soak-record.ts';

const seedsMax = 5;
/**
 * Of all phases together: long enough for a fault, its healing and a quiet end. What is wrong shows
 * at any rate, so that hunts leave cores to others.
 */
const least = { duration: '14s', rate: 500 } as const;

/** Each named defect against seeds 1 to 5, until one run raises its anomaly. */
export async function plantedDefects(names: string): Promise<DefectRun[]> {
  const wanted = names.split(',');
  const chosen = names === 'all' ? registry : registry.filter(({ name }) => wanted.includes(name));
  const runs: DefectRun[] = [];
  for (const defect of chosen) runs.push(await hunt(defect));
  return runs;
}

/** Runs one defect until it is caught, at most `seedsMax` times. */
export async function hunt(
  defect: PlantedDefect,
  where: {
    readonly outputDirectory?: string;
    readonly cluster?: ClusterKind;
    /** Of this machine, where it is known: then it is not probed again around each run. */
    readonly probe?: EnvironmentProbe;
  } = {},
): Promise<DefectRun> {
  const place = { outputDirectory: 'runs', cluster: 'process', ...where } as const;
  const seedsTried: number[] = [];
  const scenario = scenarioWith(defect);
  const { name, expected } = defect;
  const told = { defect: name, scenario: scenario.name, expected: expected.join(' and ') };
  let evidence = '';
  let storage = '';
  for (let seed = 1; seed <= seedsMax; seed++) {
    seedsTried.push(seed);
    const record = await runWith({ ...place, defect: name, scenario, seed });
    storage = record.cluster.storage;
    const witnesses = witnessesOf(record, expected);
    const caught = record.verdict === 'fail' && witnesses.length === expected.length;
    evidence = caught
      ? witnesses.join('; ')
      : [`${record.verdict}: ${record.reasons.join('; ')}`, ...witnesses].join('; ');
    process.stderr.write(`${name} seed ${seed}: ${evidence}\n`);
    if (caught) return { ...told, storage, seedsTried, caughtAtSeed: seed, evidence };
  }
  return { ...told, storage, seedsTried, caughtAtSeed: null, evidence };
}

function scenarioWith({ scenario: name, ...changes }: PlantedDefect): Scenario {
  const { segmentSize, faultOptions = {}, overrides } = changes;
  const words = vocabulary();
  const scenario = scenarios.find((known) => known.name === name)!;
  const changed = {
    ...scenario,
    topic: { ...scenario.topic, ...(segmentSize === undefined ? {} : { segmentSize }) },
    phases: scenario.phases.map((phase) => ({
      ...phase,
      faults: phase.faults?.map((step) => ({
        ...step,
        with: { ...step.with, ...faultOptions[step.fault] },
      })),
    })),
  };
  const parsed = parseScenario(changed, name, words);
  return withOverrides(parsed, { ...least, ...overrides }, words);
}

async function runWith({
  defect,
  ...run
}: Pick<RunOptions, 'scenario' | 'seed' | 'outputDirectory' | 'cluster' | 'probe'> & {
  readonly defect: string;
}): Promise<RunRecord> {
  const { record } = await runScenario({
    ...run,
    target: 'reference',
    nodeMain: entryPoint(`test/defects/${defect}.js`),
    keepData: false,
    command: `npm run soak -- defects --defects ${defect}`,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  return record;
}

/** One for each kind that is found among the forbidden anomalies. */
function witnessesOf(record: RunRecord, kinds: readonly string[]): string[] {
  const forbidden = record.verdicts.flatMap(({ verdict, anomalies }) =>
    verdict === 'invalid' ? anomalies : [],
  );
  return kinds.flatMap((kind) => {
    const found = forbidden.find((anomaly) => anomaly.kind === kind);
    return found === undefined ? [] : [`${found.count} ${kind}: ${found.examples[0] ?? ''}`];
  });
}
