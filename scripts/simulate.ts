import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runSeed } from '../broker/sim/run-seed.ts';
import type { SimResult } from '../broker/sim/simulate.ts';

/**
 * Runs the broker's replicas through seeded worlds:
 *
 *     node dist/scripts/simulate.js --seeds 50000 [--from 1] [--jobs 2]   many, over all cores
 *     node dist/scripts/simulate.js --seed 4711                           one, with its transcript
 *
 * Ends with 0 when every promise was kept, else with 1 and the commands that show why.
 */
interface Tally {
  runs: number;
  acked: number;
  lost: number;
  turns: number;
  virtualMs: number;
  readonly failures: { readonly seed: number; readonly violation: string }[];
}

const { values: args } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
    seed: { type: 'string' },
  },
});

const from = Number(args.from);
const seeds = Number(args.seeds);
if (args.seed !== undefined) await replay(Number(args.seed));
else if (process.send === undefined) await runAll(from, seeds, Number(args.jobs));
else process.send(await runRange(from, seeds));

async function replay(seed: number): Promise<void> {
  const result = await runSeed({ seed, transcript: true });
  const { quality: _quality, faults, ...plan } = result.plan;
  console.log(JSON.stringify(plan));
  for (const fault of faults) console.log(JSON.stringify(fault));
  for (const line of result.transcript) console.log(line);
  console.log(describe(result));
  process.exitCode = result.violation === undefined ? 0 : 1;
}

function describe(result: SimResult): string {
  const { plan, acked, lost, terms, virtualMs, violation, hash } = result;
  const mode = `${plan.flush} x ${plan.replication}`;
  const what = `seed ${plan.seed}: ${mode}, ${plan.voters.length} nodes`;
  const how = `${acked} acked, ${lost} lost, ${terms} terms, ${virtualMs.toFixed(0)} virtual ms`;
  const verdict = violation ?? 'every promise was kept';
  return `${what}; ${how}; transcript ${hash.toString(16)}\n${verdict}`;
}

async function runRange(from: number, seeds: number): Promise<Tally> {
  const tally: Tally = { runs: 0, acked: 0, lost: 0, turns: 0, virtualMs: 0, failures: [] };
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed({ seed });
    tally.runs++;
    tally.acked += result.acked;
    tally.lost += result.lost;
    tally.turns += result.turns;
    tally.virtualMs += result.virtualMs;
    if (result.violation !== undefined) tally.failures.push({ seed, violation: result.violation });
  }
  return tally;
}

async function runAll(from: number, seeds: number, jobs: number): Promise<void> {
  const startedAt = performance.now();
  const share = Math.ceil(seeds / jobs);
  const tallies = await Promise.all(
    Array.from({ length: jobs }, (_, job) => {
      const first = from + job * share;
      return runInChild(first, Math.max(0, Math.min(share, from + seeds - first)));
    }),
  );
  const sum = (pick: (tally: Tally) => number): number => {
    return tallies.reduce((total, tally) => total + pick(tally), 0);
  };
  const seconds = (performance.now() - startedAt) / 1000;
  const runs = sum((tally) => tally.runs);
  const eachMs = (seconds * jobs * 1000) / runs;
  console.log(
    `${runs} seeds in ${seconds.toFixed(1)} s (${eachMs.toFixed(1)} ms each), ` +
      `${(sum((tally) => tally.virtualMs) / 60_000).toFixed(0)} virtual minutes, ` +
      `${sum((tally) => tally.turns)} events, ${sum((tally) => tally.acked)} batches acked, ` +
      `${sum((tally) => tally.lost)} of them legally lost`,
  );
  const failures = tallies.flatMap((tally) => tally.failures);
  for (const { seed, violation } of failures.slice(0, 20)) {
    console.log(`seed ${seed}: ${violation}\n  node dist/scripts/simulate.js --seed ${seed}`);
  }
  if (failures.length > 0) console.log(`${failures.length} of ${runs} seeds broke a promise`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function runInChild(from: number, seeds: number): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const options = ['--from', `${from}`, '--seeds', `${seeds}`];
    const child = fork(fileURLToPath(import.meta.url), options, { stdio: 'inherit' });
    child.once('message', (tally) => resolve(tally as Tally));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`a worker ended with code ${code}`));
    });
  });
}
