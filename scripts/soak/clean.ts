import { runScenario } from '../../harness/run/run.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { scenarios } from '../../scenarios/index.ts';
import type { CleanRun } from './soak-record.ts';

/** Seeded runs over the scenarios in turn, on a broker with nothing planted: each must pass. */
export async function cleanRuns(options: { count: number; from: number }): Promise<CleanRun[]> {
  const runs: CleanRun[] = [];
  for (let at = 0; at < options.count; at++) {
    const scenario = scenarios[at % scenarios.length]!;
    const seed = options.from + at;
    const { record } = await runScenario({
      scenario: parseScenario(scenario, scenario.name, vocabulary()),
      seed,
      target: 'reference',
      cluster: 'process',
      outputDirectory: 'runs',
      keepData: false,
      command: `npx ackworth run ${scenario.name} --seed ${seed}`,
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
  }
  return runs;
}
