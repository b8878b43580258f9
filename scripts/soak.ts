import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { version } from '../harness/version.ts';
import { promiseCells } from './soak/cells/cells.ts';
import { cleanRuns } from './soak/clean.ts';
import { plantedDefects } from './soak/defects.ts';
import { engineSoak } from './soak/engine-soak.ts';
import { huntAllInSimulation } from './soak/simulated-defects.ts';
import { markdown, type SoakRecord } from './soak/soak-record.ts';

/**
 * `npm run soak`: the counts that take too long for `npm test`. Clean runs must raise no alarm;
 * every cell of the promise table must hold at each seed, and where it may lose something there
 * must have been something to lose; each planted defect must be caught as its own anomaly within
 * five seeds; each fault of a Docker Engine must act and heal ten times in a row. Writes its record,
 * from which `docs/soak.md` is made. Exits with 1 when any of these does not hold.
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

const record: SoakRecord = {
  version,
  startedAt: new Date().toISOString(),
  machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`,
  clean: await cleanRuns({
    count: Number(flags.clean),
    from,
    ...(flags.scenarios === undefined ? {} : { scenarios: flags.scenarios.split(',') }),
  }),
  cells: await promiseCells({
    from,
    seeds: Number(flags.cells),
    jobs: Number(flags.jobs),
    ...(flags.only === undefined ? {} : { only: flags.only.split(',') }),
    output: 'runs/soak-cells',
  }),
  defects: [
    ...(await plantedDefects(flags.defects)),
    ...(await huntAllInSimulation(flags.defects)),
  ],
  engine: await engineSoak({
    rounds: Number(flags.docker),
    seed: from,
    output: 'runs/soak-docker',
  }),
};
writeFileSync(`${flags.out}.json`, `${JSON.stringify(record, null, 2)}\n`);
writeFileSync(`${flags.out}.md`, markdown(record));

const alarms = record.clean.filter(({ verdict }) => verdict !== 'pass');
const broken = record.cells.series.filter(({ held, seeds }) => held < seeds.length);
const faulty = record.engine.kinds.filter(({ held }) => !held);
const escaped = record.defects.filter(({ caughtAtSeed }) => caughtAtSeed === null);
process.stdout.write(
  `${record.clean.length} clean runs, ${alarms.length} not passed; ` +
    `${record.cells.series.length} series of promise cells, ${broken.length} not held; ` +
    `${record.defects.length} planted defects, ${escaped.length} escaped; ` +
    `${record.engine.kinds.length} faults of the engine, ${faulty.length} not held\n`,
);
const failed = alarms.length + broken.length + escaped.length + faulty.length;
process.exitCode = failed === 0 ? 0 : 1;
