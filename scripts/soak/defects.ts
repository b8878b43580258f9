import { entryPoint } from '../../harness/entry-point.ts';
import type { RunRecord } from '../../harness/record/record.ts';
import { runScenario } from '../../harness/run/run.ts';
import { withOverrides } from '../../harness/scenario/overrides.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { scenarios } from '../../scenarios/index.ts';
import { plantedDefects as registry, type PlantedDefect } from '../../test/defects/registry.ts';
import type { DefectRun } from './soak-record.ts';

const seedsMax = 5;
/** Of all phases together: long enough for a fault, its healing and a quiet end. */
const duration = '14s';

/** Each named defect against seeds 1 to 5, until one run raises its anomaly. */
export async function plantedDefects(names: string): Promise<DefectRun[]> {
  const wanted = names === 'none' ? [] : names.split(',');
  const chosen = names === 'all' ? registry : registry.filter(({ name }) => wanted.includes(name));
  const runs: DefectRun[] = [];
  for (const defect of chosen) runs.push(await hunt(defect));
  return runs;
}

/** Runs one defect until it is caught, at most `seedsMax` times. */
export async function hunt(defect: PlantedDefect, outputDirectory = 'runs'): Promise<DefectRun> {
  const seedsTried: number[] = [];
  let evidence = '';
  for (let seed = 1; seed <= seedsMax; seed++) {
    seedsTried.push(seed);
    const record = await runWith(defect, seed, outputDirectory);
    const witness = witnessOf(record, defect.expected);
    evidence = witness ?? `${record.verdict}: ${record.reasons.join('; ')}`;
    process.stderr.write(`${defect.name} seed ${seed}: ${evidence}\n`);
    if (witness !== undefined && record.verdict === 'fail') {
      return { ...named(defect), seedsTried, caughtAtSeed: seed, evidence };
    }
  }
  return { ...named(defect), seedsTried, caughtAtSeed: null, evidence };
}

function named({ name, scenario, expected }: PlantedDefect): Pick<DefectRun, 'defect' | 'scenario' | 'expected'> {
  return { defect: name, scenario, expected: expected.join(' or ') };
}

async function runWith(
  { name, scenario, segmentSize }: PlantedDefect,
  seed: number,
  outputDirectory: string,
): Promise<RunRecord> {
  const input = scenarios.find((known) => known.name === scenario)!;
  const changed =
    segmentSize === undefined ? input : { ...input, topic: { ...input.topic, segmentSize } };
  const words = vocabulary();
  const { record } = await runScenario({
    scenario: withOverrides(parseScenario(changed, scenario, words), { duration }, words),
    seed,
    target: 'reference',
    cluster: 'process',
    outputDirectory,
    nodeMain: entryPoint(`test/defects/${name}.js`),
    keepData: false,
    command: `npm run soak -- --clean 0 --defects ${name}`,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  return record;
}

function witnessOf(record: RunRecord, expected: readonly string[]): string | undefined {
  for (const { verdict, anomalies } of record.verdicts) {
    if (verdict !== 'invalid') continue;
    const found = anomalies.find(({ kind }) => expected.includes(kind));
    if (found !== undefined) return `${found.count} ${found.kind}: ${found.examples[0] ?? ''}`;
  }
  return undefined;
}
