import { randomInt } from 'node:crypto';
import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { scenarios } from '../../scenarios/index.ts';
import { plannedLoadMs } from '../compare/cell-scenario.ts';
import { compare } from '../compare/compare.ts';
import { gridInWords, makeGrid, requireCells, type Grid } from '../compare/grid.ts';
import { leaveOut, leftOutInWords } from '../compare/leave-out.ts';
import type { Axes } from '../compare/modes.ts';
import { requireFooting } from '../compare/require-footing.ts';
import { createSuiteFolder, openSuiteFolder, suiteFileName } from '../compare/suite-folder.ts';
import { clusterKinds } from '../cluster/kinds.ts';
import { storageForms } from '../cluster/node-storage.ts';
import { driverNames } from '../driver/registry.ts';
import { HarnessError } from '../errors.ts';
import { exitCodeOf } from '../judge/judgement.ts';
import { loadScenario } from '../scenario/loader.ts';
import type { Scenario } from '../scenario/schema.ts';
import { vocabulary } from '../vocabulary.ts';
import { axisOption, countFrom1, oneOf, rate, size, wholeNumber } from './axis-options.ts';
import { comparisonTable } from './comparison-table.ts';
import { comparisonView } from './comparison-view.ts';
import { folderName } from './folder-option.ts';
import { writeSuiteReports } from './outputs.ts';
import { interruptSignal } from './interrupt.ts';
import { commandLine } from './shell.ts';

interface CompareFlags extends Omit<Axes, 'targets' | 'clusters'> {
  readonly target: Axes['targets'];
  readonly cluster: Axes['clusters'];
  readonly repeats: number;
  readonly quick?: true;
  readonly seed?: number;
  readonly storage?: Scenario['storage']['form'];
  readonly only: readonly string[];
  readonly resume?: string;
  readonly out: string;
  readonly json?: true;
}

/** What a comparison that is resumed has chosen already. */
const choices = [
  'target',
  'cluster',
  'flush',
  'replication',
  'batch',
  'inFlight',
  'rates',
  'repeats',
  'quick',
  'seed',
  'storage',
  'out',
];

/** `ackworth compare`: what each durability mode costs, and what it is worth. */
export function compareCommand(): Command {
  return new Command('compare')
    .description(
      'Runs a scenario in each durability mode: what an ack costs, and what it is worth.',
    )
    .argument('[scenario]', 'a name (see `ackworth list`) or a file; default: durability')
    .addOption(axisOption('--flush <modes>', 'sync, async, os', oneOf(['sync', 'async', 'os'])))
    .addOption(
      axisOption(
        '--replication <modes>',
        'none, async, quorum',
        oneOf(['none', 'async', 'quorum']),
      ),
    )
    .addOption(axisOption('--batch <sizes>', 'batch size, such as 16KiB', size))
    .addOption(axisOption('--in-flight <counts>', 'messages in flight per producer', countFrom1))
    .addOption(axisOption('--rates <rates>', 'messages per second', rate))
    .addOption(axisOption('--target <drivers>', 'the brokers', oneOf(driverNames)))
    .addOption(axisOption('--cluster <kinds>', 'process, docker', oneOf(clusterKinds)))
    .option('--repeats <n>', 'runs of each cell', countFrom1, 1)
    .option('--quick', 'fewer rates, shorter, and only the faults that tell most')
    .option(
      '--seed <n>',
      'makes every choice of the grid; default: drawn, and printed',
      wholeNumber,
    )
    .addOption(
      new Option('--storage <form>', 'where nodes keep their data while something breaks').choices([
        'auto',
        ...storageForms,
      ]),
    )
    .addOption(axisOption('--only <cells>', 'run these cells alone', (id) => id).default([], 'all'))
    .option('--resume <directory>', 'go on with a comparison that was interrupted', folderName)
    .option('--out <directory>', 'where its folder goes', folderName, 'runs')
    .option('--json', 'print the suite record as JSON')
    .action(async (name: string | undefined, flags: CompareFlags, command: Command) => {
      const begun = flags.resume === undefined ? undefined : await openSuiteFolder(flags.resume);
      if (begun !== undefined) refuseChoices(name, command);
      const grid = begun?.grid ?? (await newGrid(name ?? 'durability', flags));
      if (begun !== undefined)
        requireCells(
          flags.only,
          grid.cells.map(({ id }) => id),
        );
      await requireFooting(grid, {
        directory: flags.out,
        onBuild: (what) => process.stderr.write(`${what}\n`),
      });
      const folder = begun ?? createSuiteFolder(flags.out, grid, new Date());
      const where = relative('', folder.directory) || '.';
      process.stderr.write(`${gridInWords(grid)}\n`);
      const { signal, release } = interruptSignal();
      const view = comparisonView();
      const suite = await compare({
        folder,
        grid,
        again: begun === undefined ? [] : flags.only,
        command: commandLine(grid.seed),
        cellCommand: (cell) => `npx ackworth compare --resume ${where} --only ${cell}`,
        signal,
        view,
      }).finally(() => {
        view.close();
        release();
      });
      if (flags.json) process.stdout.write(`${JSON.stringify(suite, null, 2)}\n`);
      else
        process.stdout.write(`${comparisonTable(suite)}\nsuite: ${join(where, suiteFileName)}\n`);
      const report = await writeSuiteReports(folder.directory, suite);
      (flags.json ? process.stderr : process.stdout).write(`report: ${report}\n`);
      if (suite.cells.some(({ state }) => state !== 'done')) {
        process.stderr.write(`go on with: npx ackworth compare --resume ${where}\n`);
      }
      process.exitCode = exitCodeOf(suite.verdict);
    });
}

async function newGrid(name: string, flags: CompareFlags): Promise<Grid> {
  const { target, cluster, flush, replication, batch, inFlight, rates, repeats, only } = flags;
  const words = vocabulary(target);
  const scenario = await loadScenario(name, { registry: scenarios, vocabulary: words });
  const axes = { targets: target, clusters: cluster, flush, replication, batch, inFlight, rates };
  const whole = makeGrid(scenario, {
    seed: flags.seed ?? randomInt(1, 2 ** 31),
    repeats,
    quick: flags.quick ?? false,
    storage: flags.storage ?? null,
    axes,
    faults: words.faults.map(({ kind }) => kind),
    only,
  });
  plannedLoadMs(whole, words);
  const { grid, leftOut } = leaveOut(whole, { axes, only });
  for (const one of leftOut) process.stderr.write(`${leftOutInWords(one)}\n`);
  return grid;
}

function refuseChoices(name: string | undefined, command: Command): void {
  const given = choices.find((choice) => command.getOptionValueSource(choice) === 'cli');
  if (name === undefined && given === undefined) return;
  const flag = given?.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new HarnessError(
    'usage',
    `--resume goes on with what was chosen before: leave out ${flag === undefined ? `"${name}"` : `--${flag}`}`,
  );
}
