import type { EnvironmentProbe } from '../../harness/record/record.ts';
import { runScenario } from '../../harness/run/run.ts';
import { withOverrides } from '../../harness/scenario/overrides.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { scenarios } from '../../scenarios/index.ts';
import type { CleanRun } from './soak-record.ts';

/** Seeded runs over the scenarios in turn, on a broker with nothing planted: each must pass. */
export async function cleanRuns(options: {
  readonly count: number;
  readonly from: number;
  /** Names; default: all that come with Ackworth. */
  readonly scenarios?: readonly string[];
  readonly output?: string;
  /** Messages per second; default: the scenario's. */
  readonly rate?: number;
  /** Of this machine, where it is known: then it is not probed again around each run. */
  readonly probe?: EnvironmentProbe;
  /** Takes all that there is so far. */
  readonly onRuns?: (runs: readonly CleanRun[]) => void;
}): Promise<CleanRun[]> {
  const { rate } = options;
  const atRate = rate === undefined ? '' : ` --rate ${rate}`;
  const words = vocabulary();
  const runs: CleanRun[] = [];
  const names = options.scenarios ?? scenarios.map(({ name }) => name);
  for (let at = 0; at < options.count; at++) {
    const named = scenarios.find(({ name }) => name === names[at % names.length])!;
    const scenario = withOverrides(parseScenario(named, named.name, words), { rate }, words);
    const seed = options.from + at;
    const { record } = await runScenario({
      scenario,
      seed,
      target: 'reference',
      cluster: 'process',
      outputDirectory: options.output ?? 'runs',
      ...(options.probe === undefined ? {} : { probe: options.probe }),
      keepData: false,
      command: `npx ackworth run ${scenario.name}${atRate} --seed ${seed}`,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    runs.push({
      scenario: scenario.name,
      seed,
      verdict: record.verdict,
      acked: record.accounting.acked,
      faultsConfirmed: record.faults.filter(({ proof }) => proof.injected === 'confirmed').length,
      rtoMs: record.recovery.rtoMs,
      reasons: record.verdict === 'pass' ? [] : record.reasons,
    });
    process.stderr.write(`${scenario.name} seed ${seed}: ${record.verdict}\n`);
    options.onRuns?.(runs);
  }
  return runs;
}
