import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { countFrom1 } from '../harness/cli/axis-options.ts';
import { promiseCells } from './soak/cells/cells.ts';
import { cleanRuns } from './soak/clean.ts';
import { plantedDefects } from './soak/defects.ts';
import { engineSoak, type EngineSoak } from './soak/engine-soak.ts';
import { isHeld, natsSoak, type NatsSoak } from './soak/nats.ts';
import { huntAllInSimulation } from './soak/simulated-defects.ts';
import {
  markdown,
  withCellBatch,
  withCleanSeries,
  withEngineBatch,
  withNatsBatch,
  type Made,
  type SoakRecord,
} from './soak/soak-record.ts';

/**
 * `npm run soak`: the counts that take too long for `npm test`. Clean runs must raise no alarm;
 * every cell of the promise table must hold at each seed, and where it may lose something there
 * must have been something to lose; each planted defect must be caught as its own anomaly within
 * five seeds; each fault of a Docker Engine must act and heal ten times in a row; runs on NATS must
 * come to a verdict, and where each write is synced pass; in its other modes a violation is a finding
 * and no failure of ours. Writes its record as it goes, from which `docs/soak.md` is made; parts that
 * are not asked for stay as they are there. Exits with 1 when any of these does not hold.
 */
const parts: Record<string, () => Promise<void>> = { clean, cells, defects, docker, nats };
const program = new Command('soak')
  .argument('[part...]', Object.keys(parts).join(', '), Object.keys(parts))
  .option('--runs <n>', 'clean seeded runs, over the scenarios in turn', countFrom1, 60)
  .option('--scenarios <names>', 'of the clean runs and on NATS, with commas; default: all')
  .option(
    '--seeds <n>',
    'of each cell of the promise table, and of each scenario on NATS',
    countFrom1,
    10,
  )
  .option(
    '--only <names>',
    'cells, as `ackworth compare durability` names them, or faults of the Docker Engine; with commas',
  )
  .option('--jobs <n>', 'runs of cells at once', countFrom1, 1)
  .option('--from <seed>', 'first of all seeds', countFrom1, 1)
  .option('--defects <names>', 'planted defects: all, or names with commas', 'all')
  .option('--rounds <n>', 'each fault of the Docker Engine, so many times in a row', countFrom1, 10)
  .option('--out <file>', 'where the record goes, without its ending', 'docs/soak')
  .parse();
const flags = program.opts<{
  runs: number;
  scenarios?: string;
  seeds: number;
  only?: string;
  jobs: number;
  from: number;
  defects: string;
  rounds: number;
  out: string;
}>();
const unknown = program.args.filter((name) => !(name in parts));
if (unknown.length > 0) {
  const known = Object.keys(parts).join(', ');
  program.error(`no part ${unknown.join(', ')}: there are ${known}`);
}

const failures: string[] = [];
for (const name of program.args.length > 0 ? program.args : Object.keys(parts))
  await parts[name]!();
process.exitCode = failures.length === 0 ? 0 : 1;

async function clean(): Promise<void> {
  const made = madeNow();
  const runs = await cleanRuns({
    count: flags.runs,
    from: flags.from,
    ...scenariosAsked(),
    onRuns: (soFar) =>
      save((before) => ({ clean: withCleanSeries(before.clean ?? [], { ...made, runs: soFar }) })),
  });
  const alarms = runs.filter(({ verdict }) => verdict !== 'pass');
  tell(runs.length, 'clean runs', alarms.length, 'not passed');
}

async function cells(): Promise<void> {
  const made = madeNow();
  const { series } = await promiseCells({
    from: flags.from,
    seeds: flags.seeds,
    jobs: flags.jobs,
    ...onlyAsked(),
    output: 'runs/soak-cells',
    onCells: (soFar) =>
      save((before) => ({ cells: withCellBatch(before.cells ?? [], { ...made, ...soFar }) })),
  });
  const broken = series.filter(({ held, seeds }) => held < seeds.length);
  tell(series.length, 'series of promise cells', broken.length, 'not held');
}

async function defects(): Promise<void> {
  const made = madeNow();
  const real = await plantedDefects(flags.defects);
  const runs = [...real, ...(await huntAllInSimulation(flags.defects))];
  save(() => ({ defects: { ...made, runs } }));
  const escaped = runs.filter(({ caughtAtSeed }) => caughtAtSeed === null);
  tell(runs.length, 'planted defects', escaped.length, 'escaped');
}

async function docker(): Promise<void> {
  const made = madeNow();
  const keep = (soFar: EngineSoak): void =>
    save(({ engine: before }) =>
      madeNothing(soFar, before)
        ? {}
        : { engine: withEngineBatch(before ?? [], { ...made, ...soFar }) },
    );
  const { rounds, from } = flags;
  const output = 'runs/soak-docker';
  const engine = await engineSoak({ rounds, seed: from, ...onlyAsked(), output, onKind: keep });
  keep(engine);
  const faulty = engine.kinds.filter(({ held }) => !held);
  tell(engine.kinds.length, 'faults of the engine', faulty.length, 'not held');
}

async function nats(): Promise<void> {
  const made = madeNow();
  const keep = (soFar: NatsSoak): void =>
    save(({ nats: before }) =>
      madeNothing(soFar, before)
        ? {}
        : { nats: withNatsBatch(before ?? [], { ...made, ...soFar }) },
    );
  const { seeds, from } = flags;
  const soak = await natsSoak({
    seeds,
    from,
    ...scenariosAsked(),
    output: 'runs/soak-nats',
    onSeries: keep,
  });
  keep(soak);
  const { leftOut, series } = soak;
  if (leftOut !== undefined)
    process.stdout.write(`${leftOut.commands.length} scenarios left out: ${leftOut.reason}\n`);
  const open = series.filter((one) => !isHeld(one));
  const how = 'without a verdict at each seed, or with a violation where each write is synced';
  tell(series.length, 'scenarios on NATS', open.length, how);
}

/** What could not be made takes the place of nothing that was. */
function madeNothing({ lacking }: { readonly lacking: string | null }, before?: object): boolean {
  return lacking !== null && before !== undefined;
}

function onlyAsked(): { only?: string[] } {
  return flags.only === undefined ? {} : { only: flags.only.split(',') };
}

function scenariosAsked(): { scenarios?: string[] } {
  return flags.scenarios === undefined ? {} : { scenarios: flags.scenarios.split(',') };
}

function tell(count: number, what: string, bad: number, how: string): void {
  const sentence = `${count} ${what}, ${bad} ${how}`;
  if (bad > 0 || count === 0) failures.push(sentence);
  process.stdout.write(`${sentence}\n`);
}

/** Parts that are not given stay as they are; another soak may be writing one of them. */
function save(partsOf: (before: SoakRecord) => SoakRecord): void {
  const file = `${flags.out}.json`;
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SoakRecord) : {};
  const record = { ...before, ...partsOf(before) };
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(`${flags.out}.md`, markdown(record));
}

function madeNow(): Made {
  const [cpu] = cpus();
  return {
    commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
    startedAt: new Date().toISOString(),
    machine: `${cpus().length} cores, ${cpu?.model ?? 'unknown'}, Node ${process.versions.node}`,
  };
}
