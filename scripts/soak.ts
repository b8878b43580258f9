import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { promiseCells } from './soak/cells/cells.ts';
import { cleanRuns } from './soak/clean.ts';
import { plantedDefects } from './soak/defects.ts';
import { engineSoak } from './soak/engine-soak.ts';
import { huntAllInSimulation } from './soak/simulated-defects.ts';
import { markdown, type Made, type SoakRecord } from './soak/soak-record.ts';

/**
 * `npm run soak`: the counts that take too long for `npm test`. Clean runs must raise no alarm;
 * every cell of the promise table must hold at each seed, and where it may lose something there
 * must have been something to lose; each planted defect must be caught as its own anomaly within
 * five seeds; each fault of a Docker Engine must act and heal ten times in a row. Writes its record
 * as it goes, from which `docs/soak.md` is made; parts that are not asked for (0, none) stay as they
 * are there. Exits with 1 when any of these does not hold.
 */
const program = new Command('soak')
  .option('--clean <n>', 'clean seeded runs, over the scenarios in turn', '60')
  .option('--scenarios <names>', 'of the clean runs, with commas; default: all')
  .option('--cells <n>', 'seeded runs of every cell of the promise table', '10')
  .option('--only <ids>', 'cells: ids with commas, as `ackworth compare durability` names them')
  .option('--jobs <n>', 'runs of cells at once', '1')
  .option('--from <seed>', 'first seed of the clean runs and of the cells', '1')
  .option('--defects <names>', 'planted defects: all, none, or names with commas', 'all')
  .option('--docker <rounds>', 'each fault of the Docker Engine, so many times in a row', '10')
  .option('--out <file>', 'where the record goes, without its ending', 'docs/soak')
  .parse();
const flags = program.opts<{
  clean: string;
  scenarios?: string;
  cells: string;
  only?: string;
  jobs: string;
  from: string;
  defects: string;
  docker: string;
  out: string;
}>();
const from = Number(flags.from);
const counts = {
  clean: Number(flags.clean),
  cells: Number(flags.cells),
  docker: Number(flags.docker),
};
const failures: string[] = [];

if (counts.clean > 0) {
  const made = madeNow();
  const scenarios = flags.scenarios === undefined ? {} : { scenarios: flags.scenarios.split(',') };
  const runs = await cleanRuns({
    count: counts.clean,
    from,
    ...scenarios,
    onRuns: (soFar) => save({ clean: { ...made, runs: soFar } }),
  });
  tell(runs.length, 'clean runs', runs.filter(({ verdict }) => verdict !== 'pass').length, 'not passed');
}

if (counts.cells > 0) {
  const made = madeNow();
  const { series } = await promiseCells({
    from,
    seeds: counts.cells,
    jobs: Number(flags.jobs),
    ...(flags.only === undefined ? {} : { only: flags.only.split(',') }),
    output: 'runs/soak-cells',
    onCells: (soFar) => save({ cells: { ...made, ...soFar } }),
  });
  const broken = series.filter(({ held, seeds }) => held < seeds.length);
  tell(series.length, 'series of promise cells', broken.length, 'not held');
}

if (flags.defects !== 'none') {
  const made = madeNow();
  const real = await plantedDefects(flags.defects);
  const runs = [...real, ...(await huntAllInSimulation(flags.defects))];
  save({ defects: { ...made, runs } });
  const escaped = runs.filter(({ caughtAtSeed }) => caughtAtSeed === null);
  tell(runs.length, 'planted defects', escaped.length, 'escaped');
}

if (counts.docker > 0) {
  const made = madeNow();
  const engine = await engineSoak({ rounds: counts.docker, seed: from, output: 'runs/soak-docker' });
  save({ engine: { ...made, ...engine } });
  const faulty = engine.kinds.filter(({ held }) => !held);
  tell(engine.kinds.length, 'faults of the engine', faulty.length, 'not held');
}

process.exitCode = failures.length === 0 ? 0 : 1;

function tell(count: number, what: string, bad: number, how: string): void {
  const sentence = `${count} ${what}, ${bad} ${how}`;
  if (bad > 0) failures.push(sentence);
  process.stdout.write(`${sentence}\n`);
}

/** Parts that are not given stay as they are; another soak may be writing one of them. */
function save(parts: SoakRecord): void {
  const file = `${flags.out}.json`;
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SoakRecord) : {};
  const record = { ...before, ...parts };
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
