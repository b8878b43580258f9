import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { scenarios } from '../../scenarios/index.ts';
import { clusterKinds, type ClusterKind } from '../cluster/kinds.ts';
import { storageForms } from '../cluster/node-storage.ts';
import { loadDriver } from '../driver/registry.ts';
import { exitCodeOf, joinVerdicts } from '../judge/judgement.ts';
import type { RunRecord } from '../record/record.ts';
import { findFooting } from '../run/footing.ts';
import { runScenario } from '../run/run.ts';
import type { RunResult } from '../run/run-types.ts';
import { loadScenario } from '../scenario/loader.ts';
import { makePlan } from '../scenario/plan.ts';
import { overridesSchema, withOverrides, type Overrides } from '../scenario/overrides.ts';
import type { Scenario } from '../scenario/schema.ts';
import { vocabulary } from '../vocabulary.ts';
import { folderName } from './folder-option.ts';
import { interruptSignal } from './interrupt.ts';
import { writeReports } from './outputs.ts';
import { progressView } from './progress-view.ts';
import { commandLine } from './shell.ts';
import { verdictTable } from './verdict-table.ts';

interface RunFlags extends Overrides {
  readonly target: string;
  readonly cluster: ClusterKind;
  readonly seed?: number;
  readonly out: string;
  readonly keepData?: true;
  readonly nodeMain?: string;
  readonly image?: string;
  readonly json?: true;
}

/** `ackworth run`: one scenario or several, one after the other. */
export function runCommand(): Command {
  return new Command('run')
    .description('Runs scenarios against a broker cluster and judges what happened.')
    .argument('[scenario...]', 'names (see `ackworth list`) or files such as ./my.scenario.ts', [
      'tour',
    ])
    .option('--target <driver>', 'the broker (see `ackworth list`)', 'reference')
    .addOption(
      new Option('--cluster <kind>', 'where nodes run').choices(clusterKinds).default('process'),
    )
    .option('--nodes <n>', 'nodes of the cluster', wholeNumber)
    .option('--partitions <n>', 'partitions of the topic', wholeNumber)
    .addOption(
      new Option('--flush <mode>', 'when an entry is persisted').choices(['sync', 'async', 'os']),
    )
    .addOption(
      new Option('--replication <mode>', 'when a producer is acked').choices([
        'none',
        'async',
        'quorum',
      ]),
    )
    .addOption(
      new Option('--storage <form>', 'where the nodes’ data are').choices([
        'auto',
        ...storageForms,
      ]),
    )
    .option(
      '--rate <n>',
      'messages per second; default: the scenario’s, or what the target bears',
      decimal,
    )
    .option('--size <size>', 'message size, such as 100B or 1KiB')
    .option('--producers <n>', 'producer processes', wholeNumber)
    .option('--consumers <n>', 'consumer processes', wholeNumber)
    .option('--duration <time>', 'all phases together, such as 30s')
    .option('--no-faults', 'leave every fault out')
    .option(
      '--seed <n>',
      'makes every choice of the plan; default: drawn, and printed',
      wholeNumber,
    )
    .option('--out <directory>', 'where run folders go', folderName, 'runs')
    .option(
      '--node-main <file>',
      'the program of a node in the place of the broker’s own',
      programFile,
    )
    .option(
      '--image <image>',
      'with --cluster docker: the image of the nodes, whose ENTRYPOINT is a node as the target ' +
        'has them (README, On Docker)',
    )
    .option('--keep-data', 'keep the nodes’ data after the run')
    .option('--json', 'print the record as JSON')
    .action(async (names: string[], flags: RunFlags) => {
      await loadDriver(flags.target);
      const chosen = await chosenScenarios(names, flags);
      if (chosen.length > 1) await requireFootings(chosen, flags);
      const records: RunRecord[] = [];
      const { signal, release } = interruptSignal();
      for (const scenario of chosen) {
        if (signal.aborted) break;
        records.push(await runOne(scenario, flags, signal));
      }
      release();
      const missed = chosen.slice(records.length).map(({ name }) => name);
      if (missed.length > 0)
        process.stderr.write(`interrupted before it was run: ${missed.join(', ')}\n`);
      if (flags.json) {
        process.stdout.write(
          `${JSON.stringify(records.length === 1 ? records[0] : records, null, 2)}\n`,
        );
      }
      process.exitCode = exitCodeOf(
        joinVerdicts([
          ...records.map(({ verdict }) => verdict),
          ...missed.map(() => 'inconclusive' as const),
        ]),
      );
    });
}

async function chosenScenarios(names: readonly string[], flags: RunFlags): Promise<Scenario[]> {
  const overrides: Overrides = Object.fromEntries(
    Object.entries(flags).filter(([name]) => name !== 'faults' && name in overridesSchema.shape),
  );
  const words = vocabulary([flags.target]);
  const loaded: Scenario[] = [];
  for (const name of names) {
    const scenario = await loadScenario(name, { registry: scenarios, vocabulary: words });
    const faults = flags.faults === false ? { faults: false } : {};
    loaded.push(withOverrides(scenario, { ...overrides, ...faults }, words));
  }
  return loaded;
}

/** Of several, what one cannot be run on is told before the first is run. */
async function requireFootings(chosen: readonly Scenario[], flags: RunFlags): Promise<void> {
  const { target, cluster, out: outputDirectory, nodeMain, image: nodeImage, seed = 1 } = flags;
  const options = {
    target,
    cluster,
    outputDirectory,
    ...(nodeMain && { nodeMain }),
    ...(nodeImage && { nodeImage }),
    onBuild: (what: string) => process.stderr.write(`${what}\n`),
  };
  for (const scenario of chosen) {
    const plan = makePlan(scenario, { seed, target, cluster, vocabulary: vocabulary() });
    await findFooting(plan, options);
  }
}

async function runOne(
  scenario: Scenario,
  flags: RunFlags,
  signal: AbortSignal,
): Promise<RunRecord> {
  const seed = flags.seed ?? randomInt(1, 2 ** 31);
  const view = progressView();
  process.stderr.write(`${scenario.name}, seed ${seed}\n`);
  let result: RunResult;
  try {
    result = await runScenario({
      scenario,
      seed,
      target: flags.target,
      cluster: flags.cluster,
      outputDirectory: flags.out,
      ...(flags.nodeMain === undefined ? {} : { nodeMain: flags.nodeMain }),
      ...(flags.image === undefined ? {} : { nodeImage: flags.image }),
      keepData: flags.keepData ?? false,
      command: commandLine(seed),
      signal,
      onProgress: (progress) => view.show(progress),
    });
  } finally {
    await view.end();
  }
  const { directory, record } = result;
  if (!flags.json) process.stdout.write(`${verdictTable(record)}\n`);
  const report = await writeReports(directory, [record]);
  (flags.json ? process.stderr : process.stdout).write(`report: ${report}\n`);
  return record;
}

function programFile(text: string): string {
  const file = resolve(text);
  if (!existsSync(file)) throw new InvalidArgumentError(`there is no file ${file}.`);
  return file;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('it must be a whole number of at most 9,007,199,254,740,991.');
  }
  return value;
}

function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0))
    throw new InvalidArgumentError('it must be a number above 0.');
  return value;
}
